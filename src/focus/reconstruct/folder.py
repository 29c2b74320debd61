"""Many photographs: read, find, reconstruct in batches, write; what fails is named and does not stop the rest."""

from __future__ import annotations

import csv
import io
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from focus.datasets.landmark_table import LandmarkTable
from focus.errors import FocusError, printable
from focus.files import write_text
from focus.reconstruct.photos import photo_files, read_photo
from focus.reconstruct.reconstructor import Face, FoundFace, Reconstructor
from focus.reconstruct.write import FILES, FaceWriter

Say = Callable[[str], None]
FAILURES = "failures.csv"
LONGEST_NAME = 255 - len("..12345678.tmp")  # bytes; what `whole_directory` adds while it writes must fit, too


@dataclass(frozen=True)
class Job:
    """What a person asked for; `landmarks` None to find faces, `fit` None for the model's default."""

    photos: Sequence[Path]
    out: Path
    model: str
    fit: int | None
    landmarks: LandmarkTable | None
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
    if job.landmarks is None:
        complain(f"faces are looked for by {reconstructor.finder.name}")
    writer, summary, began = FaceWriter(reconstructor.bundle), Summary(len(files)), time.perf_counter()
    waiting: list[Waiting] = []
    folders = Folders(job.out)
    landmarks = job.landmarks and job.landmarks.among(files)
    for path, name in [(path, folders.photograph(path)) for path in files]:
        try:
            found, photo = faces_of(reconstructor, path, landmarks)
            waiting += [
                Waiting(own, photo, face) for own, face in zip(folders.faces(name, len(found)), found, strict=True)
            ]
        except FocusError as error:
            shown, reason = printable(str(path)), printable(str(error))
            summary.failures.append((shown, reason))
            complain(reason if shown in reason else f"{shown}: {reason}")
        while len(waiting) >= job.batch:
            finish(reconstructor, writer, job, waiting[: job.batch], summary, say)
            waiting = waiting[job.batch :]
    finish(reconstructor, writer, job, waiting, summary, say)
    summary.seconds = time.perf_counter() - began
    write_failures(job.out / FAILURES, summary.failures)
    return summary


def faces_of(
    reconstructor: Reconstructor, path: Path, landmarks: LandmarkTable | None
) -> tuple[Sequence[FoundFace], np.ndarray]:
    """Return the faces of one photograph, and the photograph."""
    photo = read_photo(path)
    given = None if landmarks is None else landmarks.faces(path, (photo.shape[1], photo.shape[0]))
    return reconstructor.crop_all(photo, given), photo


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
    expected = ", ".join(kind for kind, there in available.items() if there)
    try:
        device = torch.device(name)
    except RuntimeError:
        raise FocusError(f"--device: found {name!r}, expected one of {expected}") from None
    if not available.get(device.type, False):
        raise FocusError(f"--device: found {name!r}, expected one of {expected}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise FocusError(f"--device: found {name!r}, expected one of {torch.cuda.device_count()} GPUs, from cuda:0")
    return device


def writable(folder: Path) -> None:
    """Make a folder and see that a file can be written there. Raises FocusError otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / ".focus", "")
        (folder / ".focus").unlink()
    except OSError as error:
        raise FocusError(f"{folder}: cannot write there ({error.strerror}), expected a writable folder") from None


class Folders:
    """Which folder of OUT each face gets: no two the same, none outside OUT, none that holds anything but a face.

    A photograph's name without suffix, told apart where two are alike; with `_1`, `_2` … where it shows several faces.
    """

    def __init__(self, out: Path) -> None:
        """Start with nothing taken but the list of failures."""
        self.out = out
        self._taken = {FAILURES}

    def photograph(self, file: Path) -> str:
        """Return a name for a photograph. All photographs are named before the first face is."""
        return self._free(choices(file))

    def faces(self, photograph: str, count: int) -> list[str]:
        """Return the folders of a photograph's faces. FocusError where none can be made or another thing lies there."""
        numbered = (f"{photograph}_{number}" for number in itertools.count(1))
        names = [photograph] if count == 1 else [self._free(numbered) for _ in range(count)]
        for name in names:
            check_name(name)
            check_replaceable(self.out / name)
        return names

    def _free(self, wanted: Iterator[str]) -> str:
        """Take the first name that nothing has; upper and lower case are one, as on many disks."""
        name = next(name for name in wanted if name.casefold() not in self._taken)
        self._taken.add(name.casefold())
        return name


def choices(file: Path) -> Iterator[str]:
    """Yield names of a folder for a photograph, the best first; none is hidden or leads out of a folder."""
    stem = file.stem.lstrip(".") or "photo"
    yield stem
    yield file.name.lstrip(".").replace(".", "_") or "photo"
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def check_name(name: str) -> None:
    """Raise FocusError for a folder's name that no disk takes, or that the reports could not hold."""
    length = len(os.fsencode(name))
    if length > LONGEST_NAME:
        raise FocusError(
            f"its folder's name has {length} bytes, expected at most {LONGEST_NAME}; rename the photograph"
        )
    if printable(name) != name:
        raise FocusError("its name is not UTF-8, expected one that is; rename the photograph")


def check_replaceable(folder: Path) -> None:
    """Raise FocusError where a face's folder would replace anything but a face that was written before."""
    if folder.is_symlink() or folder.is_file():
        strange = [folder.name]
    else:
        strange = sorted({file.name for file in folder.iterdir()} - FILES) if folder.exists() else []
    if strange:
        raise FocusError(
            f"{folder}: found {strange[0]!r} there, expected a free name or a face written before; nothing is replaced"
        )


def write_failures(path: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write photograph and reason of each failure; no failures leave no file."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("photo", "reason"), *failures])
    write_text(path, stream.getvalue())
