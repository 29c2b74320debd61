"""`pip check`, but for packages that are installed without those they name (group `bare` of pyproject.toml)."""

from __future__ import annotations

import re
import subprocess
import sys

from lock import ROOT, bare_packages, canonical


def troubles(report: str, excepted: set[str]) -> list[str]:
    """Return the lines of pip's report that are no package of `excepted` wanting another one."""
    lines = [line for line in report.splitlines() if line and line != "No broken requirements found."]
    return [line for line in lines if not (" requires " in line and canonical(line.split()[0]) in excepted)]


def main() -> None:
    """Print what is broken, and leave with 1 where something is."""
    names = {canonical(re.match(r"[\w.-]+", entry)[0]) for entry in bare_packages(ROOT / "pyproject.toml")}
    done = subprocess.run([sys.executable, "-m", "pip", "check"], stdout=subprocess.PIPE, text=True)
    found = troubles(done.stdout, names)
    for line in found:
        print(line)
    if found or (done.returncode and not done.stdout.strip()):
        sys.exit(1)


if __name__ == "__main__":
    main()
