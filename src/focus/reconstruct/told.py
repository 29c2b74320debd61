"""What a person is told: a line a photograph, a line a failure, a line for all of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from focus.errors import printable
from focus.files import write_text
from focus.reconstruct.names import FAILURES
from focus.reconstruct.reconstructor import Face


@dataclass
class Summary:
    """What came of a job: faces written, how many of them occluded, and failures as (photograph, reason)."""

    photographs: int
    faces: int = 0
    occluded: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def line(self, out: Path) -> str:
        """Return the summary in one line."""
        rate = self.photographs / max(1e-9, self.seconds)
        counts = f"{counted(self.photographs, 'photograph')}, {counted(self.faces, 'face')} ({self.occluded} occluded)"
        failed = counted(len(self.failures), "failure") + (f" ({out / FAILURES})" if self.failures else "")
        return f"{counts} in {out}, {failed}, {rate:.2f} photographs a second"


def photograph_line(path: Path, faces: Sequence[Face], seconds: float) -> str:
    """Return what is said of a photograph and of its faces, which are one or more."""
    shares = [f"{100 * face.verdict.outlier_fraction:.0f}" for face in faces]
    occluded = sum(face.verdict.occluded for face in faces)
    state = f"{occluded} occluded" if len(faces) > 1 else "occluded" if occluded else "not occluded"
    listed = " and ".join(part for part in (", ".join(shares[:-1]), shares[-1]) if part)
    off = 100 * max(map(landmark_error, faces))
    return (
        f"{shown(path)}: {counted(len(faces), 'face')}, {state} ({listed} % outliers), "
        f"landmarks within {off:.1f} % of the face, {seconds:.1f} s"
    )


def shown(path: Path) -> str:
    """Return a path as it is written in lines."""
    return one_line(str(path))


def one_line(text: str) -> str:
    """Return a text that may name files in one line: what is no UTF-8, and control characters, as escapes."""
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", printable(text))


def landmark_error(face: Face) -> float:
    """Return the mean distance between the face's landmarks and its model's, as a share of the longer side of them."""
    apart = np.linalg.norm(face.landmarks - face.model_landmarks, axis=1).mean()
    return float(apart / max(1e-9, np.ptp(face.landmarks, axis=0).max()))


def counted(count: int, thing: str) -> str:
    """Return a count and its noun: 1 face, 2 faces."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write photograph and reason of each failure; no failures leave no file."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("photo", "reason"), *failures])
    write_text(path, stream.getvalue())
