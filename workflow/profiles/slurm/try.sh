#!/usr/bin/env bash
# Runs the smoke profile on a real SLURM of one node: started here on loopback, as this user, and stopped at the end.
#
#   workflow/profiles/slurm/try.sh [TARGET...]    e.g. models/FOCUS; without a target the whole pipeline
#
# It installs nothing; SLURM comes from Debian's packages:
#   apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
# All is made in a temporary folder, but for two files in /etc/slurm, where SLURM looks for them inside a job (Snakemake
# takes SLURM_CONF from its environment); they are removed at the end, and other people's are never overwritten.
# The node's GPU is a pretended one (File=/dev/null): it shows that trainings queue for a GPU, not that they use it.
# Settings: KEEP=1 keeps the folder; FOLDER=/path where to make it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
export PATH="$root/.venv/bin:/usr/sbin:$PATH"

for tool in slurmctld slurmd sbatch squeue munged snakemake dvc; do
  command -v "$tool" > /dev/null || {
    echo "try.sh: found no $tool, expected Debian's slurmctld, slurmd, slurm-client and munge, and 'make install'" >&2
    exit 1
  }
done

configuration=/etc/slurm
for file in slurm.conf gres.conf; do
  if [ -e "$configuration/$file" ]; then
    echo "try.sh: found $configuration/$file, expected none: this machine has a SLURM already; use the profile with it" >&2
    exit 1
  fi
done
mkdir -p "$configuration" && [ -w "$configuration" ] || {
  echo "try.sh: cannot write in $configuration, expected to be able to (run as root, in a container for example)" >&2
  exit 1
}

work=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/focus-slurm.XXXXXX")
me=$(id -un) host=$(hostname -s)

stop() {
  for daemon in slurmd slurmctld munged; do
    if [ -s "$work/$daemon.pid" ]; then kill "$(cat "$work/$daemon.pid")" 2> /dev/null || true; fi
  done
  rm -f "$configuration/slurm.conf" "$configuration/gres.conf"
  cd /
  if [ "${KEEP:-}" ]; then echo "kept: $work"; else sleep 1; rm -rf "$work"; fi
}
trap stop EXIT

# Loopback only (NoInAddrAny), no tracking of processes by cgroups, memory not counted: any machine will do.
cat > "$configuration/slurm.conf" << CONF
ClusterName=focus
SlurmctldHost=$host(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=${PORT:-16817}
SlurmdPort=$((${PORT:-16817} + 1))
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=86400
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
echo "NodeName=$host Name=gpu File=/dev/null" > "$configuration/gres.conf"
mkdir "$work/state" "$work/spool"

head -c 1024 /dev/urandom > "$work/munge.key"
chmod 600 "$work/munge.key"
munged --force --key-file "$work/munge.key" --socket "$work/munge.socket" --pid-file "$work/munged.pid" \
  --log-file "$work/munged.log" --seed-file "$work/munged.seed"
slurmctld
slurmd
for _ in $(seq 60); do
  [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ] && break
  sleep 1
done
sinfo --format="%n %T, %c CPUs, %G"

git clone -q "$root" "$work/project"
cd "$work/project"
sed -i 's/^profile: [a-z-]*/profile: smoke/' params.yaml
began=$(date +%s) status=0
# A short look at the queue: the default, 40 s, is for a busy cluster.
snakemake --profile workflow/profiles/slurm --slurm-init-seconds-before-status-checks 5 "$@" > "$work/snakemake.log" 2>&1 || status=$?
tail -n 3 "$work/snakemake.log"

# What SLURM itself says of the jobs: all have been kept (MinJobAge).
scontrol --oneliner show jobs > "$work/jobs.txt"
count() { grep -o "$1" | sed 's/_wildcards.*//; s/.*=\(rule_\)\{0,1\}//' | sort | uniq -c || true; }
echo "jobs by state:"
count 'JobState=[A-Z]*' < "$work/jobs.txt"
echo "jobs that asked for a GPU, by rule:"
sed -n '/gres[:/]gpu/p' "$work/jobs.txt" | count 'Comment=[a-z_]*'
echo "jobs that did not, by rule:"
sed '/gres[:/]gpu/d' "$work/jobs.txt" | count 'Comment=[a-z_]*'
echo "snakemake: exit code $status after $(($(date +%s) - began)) s"
if [ $# -eq 0 ] && [ "$status" -eq 0 ]; then dvc status; fi
exit "$status"
