"""Checkpoints: written whole or not at all, tied to the settings and inputs they belong to, removed at the end."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from focus.files import sha256, write_bytes


def fingerprint(*things: Any) -> str:
    """Return a hash of JSON-able settings and of the bytes of files (given as Path)."""
    digest = hashlib.sha256()
    for thing in things:
        if isinstance(thing, Path):
            paths = sorted(thing.rglob("*")) if thing.is_dir() else [thing]
            for path in (path for path in paths if path.is_file()):
                digest.update(bytes.fromhex(sha256(path)))
        else:
            digest.update(json.dumps(thing, sort_keys=True, default=str).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """One training's checkpoint file, outside the stage's outs (both engines delete those before a run)."""

    path: Path
    key: str
    every: int

    def due(self, step: int, total: int) -> bool:
        """Tell whether to save after `step` finished steps."""
        return step % self.every == 0 and step < total

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state` atomically."""
        stream = io.BytesIO()
        torch.save({"key": self.key, **state}, stream)
        write_bytes(self.path, stream.getvalue())

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none, or one of other settings or inputs."""
        if not self.path.is_file():
            return None
        try:
            with zipfile.ZipFile(self.path) as archive:
                if archive.testzip() is not None:  # torch writes checksums and does not check them
                    return None
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:  # both readers raise many types on damaged files
            return None
        return state if isinstance(state, dict) and state.get("key") == self.key else None

    def remove(self) -> None:
        """Forget the checkpoint; called once the result is written."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
