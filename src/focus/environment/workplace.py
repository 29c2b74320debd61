"""`python -m focus.environment.workplace`: can the pipeline run in this folder? Said before anything is installed.

Only the standard library is needed. A folder without `.git`, such as the zip that code hosts offer, is told to DVC
(`core.no_scm`): all stages run there. What needs git says so in one line before it begins.
"""

from __future__ import annotations

import configparser
import logging
import shutil
import sys
from pathlib import Path

from focus.environment.log import to_stderr
from focus.errors import FocusError

logger = logging.getLogger(__name__)

KEPT_BY_DVC = ("data", "models", "results")
LOCAL = Path(".dvc/config.local")


def refuse_links(root: Path) -> None:
    """Raise FocusError where a folder of outputs is a symbolic link: DVC fails on it, after a stage has run."""
    for name in KEPT_BY_DVC:
        if (root / name).is_symlink():
            raise FocusError(
                f"{name}: found a symbolic link, expected a folder of this project. Remove the link; for a larger disk "
                "move the whole project there, or only DVC's cache: dvc config --local cache.dir /larger/disk/focus"
            )


def require_git(root: Path, what: str) -> None:
    """Raise FocusError, before `what` begins, unless `root` is a git repository and git is installed."""
    if not (root / ".git").exists():
        raise FocusError(
            f"{what}: found no .git in {root.resolve()}, expected a clone (git clone), not a zip of the files"
        )
    if shutil.which("git") is None:
        raise FocusError(f"{what}: found no git, expected it installed")


def tell_dvc(root: Path) -> bool:
    """Set DVC's `core.no_scm` where there is no .git, take it back where there is; return whether DVC runs without."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(root / LOCAL, encoding="utf-8")
    without = not (root / ".git").exists()
    if without == settings.getboolean("core", "no_scm", fallback=False):
        return without
    if not settings.has_section("core"):
        settings.add_section("core")
    if without:
        settings.set("core", "no_scm", "true")
    else:
        settings.remove_option("core", "no_scm")
    with (root / LOCAL).open("w", encoding="utf-8") as stream:
        settings.write(stream)
    return without


def main(root: Path = Path()) -> None:
    """Prepare the folder; one line and exit code 1 where it cannot be used."""
    to_stderr()
    try:
        refuse_links(root)
        if tell_dvc(root):
            logger.warning("no .git here: all stages run; dvc exp, focus verify and make worlds need a clone")
    except FocusError as error:
        sys.exit(f"make: {error}")
    except OSError as error:
        sys.exit(f"make: {error.filename}: {error.strerror}; expected a folder that can be written")


if __name__ == "__main__":
    main()
