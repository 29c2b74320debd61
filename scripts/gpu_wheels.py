"""Fill a folder with the packages that a bare GPU machine lacks: `python scripts/gpu_wheels.py DIR`.

Wheels for CPython 3.12 on Linux x86_64, in the versions of requirements.lock; scripts/gpu_check.py (`--wheels DIR`)
unpacks them into a temporary folder there, so nothing is installed. torch, NumPy, SciPy, h5py, Pillow, safetensors and
what else such a machine has are left out, and so is what trainings and evaluation can do without.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "annotated-types",
    "kornia",
    "kornia-rs",
    "libigl",
    "markdown-it-py",
    "mdurl",
    "pandas",
    "pydantic",
    "pydantic-core",
    "pygments",
    "python-dateutil",
    "pyyaml",
    "rich",
    "six",
    "trimesh",
    "typing-extensions",
    "typing-inspection",
)
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_24_x86_64", "manylinux2014_x86_64")
LIMIT_MIB = 60  # of all wheels, so that they travel in one go


def pinned(lock: str) -> list[str]:
    """Return `name==version` of each of PACKAGES as a lock has it. Exits with one line when one is not in it."""
    versions = dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+) --hash", lock))
    missing = [name for name in PACKAGES if name not in versions]
    if missing:
        sys.exit(f"requirements.lock: found no {', '.join(missing)}, which the GPU check needs; expected each pinned")
    return [f"{name}=={versions[name]}" for name in PACKAGES]


def download(wanted: list[str], folder: Path) -> None:
    """Download the wheels for CPython 3.12 into a folder."""
    where = [option for name in PLATFORMS for option in ("--platform", name)]
    target = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312", "--abi", "abi3", "--abi", "none"]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--only-binary=:all:", *where, *target, "-d", folder, *wanted], check=True)


def main() -> None:
    """Download the wheels; exit with one line when they are more than fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a new or an empty folder")
    folder = parser.parse_args().folder
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder}: found files there, expected an empty or a new folder")
    download(pinned((ROOT / "requirements.lock").read_text(encoding="utf-8")), folder)
    size = sum(wheel.stat().st_size for wheel in folder.glob("*.whl")) / 2**20
    if size > LIMIT_MIB:
        sys.exit(f"{folder}: found {size:.0f} MiB of wheels, expected {LIMIT_MIB} at most: leave some out of PACKAGES")
    print(f"{folder}: {len(PACKAGES)} packages, {size:.0f} MiB")


if __name__ == "__main__":
    main()
