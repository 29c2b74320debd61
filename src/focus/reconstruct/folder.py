"""Many photographs: read, find, reconstruct in batches, write; what fails is named and does not stop the rest."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from focus.errors import FocusError
from focus.files import write_text
from focus.reconstruct.photos import photo_files, read_photo
from focus.reconstruct.reconstructor import Face, FoundFace, Reconstructor
from focus.reconstruct.write import FaceWriter

Say = Callable[[str], None]
FAILURES = "failures.csv"


@dataclass(frozen=True)
class Job:
    """What a person asked for; `landmarks` by file name, `fit` None for the model's default."""

    photos: Sequence[Path]
    out: Path
    model: str
    fit: int | None
    landmarks: Mapping[str, np.ndarray] | None
    misfit_prior: bool
    batch: int
    threads: int
    device: str


@dataclass(frozen=True, eq=False)
class Waiting:
    """A face that waits for its batch: the folder to write, the photograph, the crop."""

    name: str
    photo: np.ndarray
    found: FoundFace


@dataclass
class Summary:
    """What came of a job: faces written, how many of them occluded, and failures as (photograph, reason)."""

    photos: int
    faces: int = 0
    occluded: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def line(self, out: Path) -> str:
        """Return the summary in one line."""
        rate = self.photos / max(1e-9, self.seconds)
        text = (
            f"{self.faces} faces ({self.occluded} occluded) of {self.photos} photographs in {out}, {rate:.2f} images/s"
        )
        return text + (f"; {len(self.failures)} failed, see {out / FAILURES}" if self.failures else "")


def run_job(job: Job, say: Say, complain: Say) -> Summary:
    """Do a job: one line a face through `say`, one line a failure and notes through `complain`.

    Raises FocusError when nothing can be done at all: no such model, a folder without images, no place to write.
    """
    torch.set_num_threads(job.threads)
    files, device = photo_files(job.photos), checked_device(job.device)
    reconstructor = Reconstructor.load(job.model, device)
    writable(job.out)
    if reconstructor.bundle.card.drawn_faces:
        steps = reconstructor.default_fit if job.fit is None else job.fit
        remedy = f"each face is refined on its photograph, --fit {steps}" if steps else "expect misses without --fit"
        complain(f"model trained on drawn faces: {remedy}")
    writer, summary, began = FaceWriter(reconstructor.bundle), Summary(len(files)), time.perf_counter()
    waiting: list[Waiting] = []
    for path, name in zip(files, folder_names(files), strict=True):
        try:
            waiting += faces_of(reconstructor, path, name, job.landmarks)
        except FocusError as error:
            reason = str(error)
            summary.failures.append((str(path), reason))
            complain(reason if str(path) in reason else f"{path}: {reason}")
        while len(waiting) >= job.batch:
            finish(reconstructor, writer, job, waiting[: job.batch], summary, say)
            waiting = waiting[job.batch :]
    finish(reconstructor, writer, job, waiting, summary, say)
    summary.seconds = time.perf_counter() - began
    write_failures(job.out / FAILURES, summary.failures)
    return summary


def faces_of(
    reconstructor: Reconstructor, path: Path, name: str, landmarks: Mapping[str, np.ndarray] | None
) -> list[Waiting]:
    """Return the faces of one photograph, each with the name of its folder: `name`, or `name_1`, `name_2` …"""
    photo = read_photo(path)
    given = None
    if landmarks is not None:
        if path.name not in landmarks:
            raise FocusError(f"{path}: no row in the landmarks file, expected its 68 points")
        given = landmarks[path.name]
    found = reconstructor.crop_all(photo, given)
    names = [name] if len(found) == 1 else [f"{name}_{number}" for number in range(1, len(found) + 1)]
    return [Waiting(*row) for row in zip(names, [photo] * len(found), found, strict=True)]


def finish(
    reconstructor: Reconstructor,
    writer: FaceWriter,
    job: Job,
    waiting: Sequence[Waiting],
    summary: Summary,
    say: Say,
) -> None:
    """Reconstruct and write one batch."""
    began = time.perf_counter()
    with shown_progress(reconstructor, job.fit, len(waiting)) as progress:
        faces = reconstructor.reconstruct(
            [one.found for one in waiting], fit=job.fit, misfit_prior=job.misfit_prior, progress=progress
        )
    share = (time.perf_counter() - began) / max(1, len(faces))
    for one, face in zip(waiting, faces, strict=True):
        writer.write(job.out / one.name, one.photo, face)
        summary.faces += 1
        summary.occluded += face.verdict.occluded
        say(f"{one.name}: {described(face)}, {share:.2f} s")


def described(face: Face) -> str:
    """Return what a line on the screen says of a face."""
    verdict = face.verdict
    state = "occluded" if verdict.occluded else "not occluded"
    apart = float(np.linalg.norm(face.landmarks - face.model_landmarks, axis=1).mean())
    return f"{state} ({verdict.outlier_fraction:.0%} outliers), landmarks {apart:.1f} px apart"


@contextmanager
def shown_progress(reconstructor: Reconstructor, fit: int | None, faces: int) -> Iterator[Callable[[int], None] | None]:
    """Show the steps of refinement on standard error, where that is a terminal."""
    steps = reconstructor.default_fit if fit is None else fit
    console = Console(stderr=True)
    if not steps or not faces or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"refine {faces} faces", total=steps)
        yield lambda done: progress.update(task, advance=done)


def checked_device(name: str) -> torch.device:
    """Return a device that is there. Raises FocusError otherwise."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = name.split(":")[0]
    if not available.get(kind, False):
        raise FocusError(f"--device: found {name!r}, expected one of {', '.join(k for k, v in available.items() if v)}")
    return torch.device(name)


def writable(folder: Path) -> None:
    """Make a folder and see that a file can be written there. Raises FocusError otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / ".focus", "")
        (folder / ".focus").unlink()
    except OSError as error:
        raise FocusError(f"{folder}: cannot write there ({error.strerror}), expected a writable folder") from None


def folder_names(files: Sequence[Path]) -> list[str]:
    """Return a folder name for each photograph: its name without suffix, told apart where two are alike."""
    names: list[str] = []
    for file in files:
        choices = [file.stem, file.name.replace(".", "_"), *(f"{file.stem}-{n}" for n in range(2, len(files) + 2))]
        names.append(next(choice for choice in choices if choice not in names))
    return names


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write photograph and reason of each failure; no failures leave no file."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("photo", "reason"), *failures])
    write_text(path, stream.getvalue())
