"""Build sdist and wheel of the last commit into dist/, with the same bits wherever they are built: `make package`.

Git's export of HEAD is built, so no file lying about gets in. Every time in the archives is SOURCE_DATE_EPOCH, by
default the commit's. Setuptools keeps to it in wheels; sdists get the clock's times, so they are packed again here.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = """
import sys
from setuptools.build_meta import build_sdist, build_wheel
target = sys.argv[1]  # setuptools puts words of its own into sys.argv
build_sdist(target)
build_wheel(target)
"""


def git(*words: str) -> bytes:
    """Return what a git command of this clone prints."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def packed_again(sdist: Path, seconds: int) -> None:
    """Give every entry of a .tar.gz the same time, owner and mode, and sort them."""
    with tarfile.open(sdist) as archive:
        entries = [(entry, archive.extractfile(entry).read()) for entry in archive if entry.isfile()]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in sorted(entries, key=lambda pair: pair[0].name):
            clean = tarfile.TarInfo(entry.name)
            clean.size, clean.mtime, clean.mode = len(content), seconds, 0o644
            archive.addfile(clean, io.BytesIO(content))
    with sdist.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=seconds) as packed:
        packed.write(plain.getvalue())


def build(target: Path) -> list[Path]:
    """Write sdist and wheel of HEAD to a folder; return their paths, sdist first."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(git("archive", "HEAD"))) as archive:
        archive.extractall(folder, filter="data")
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(seconds)}
        command = [sys.executable, "-c", BUILD, str(target.resolve())]
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    made = [next(target.glob(pattern)) for pattern in ("*.tar.gz", "*.whl")]
    packed_again(made[0], seconds)
    return made


if __name__ == "__main__":
    for path in build(ROOT / "dist"):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.1f} MB")
