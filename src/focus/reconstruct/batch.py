"""Many photographs: read, find, reconstruct in batches, write; what fails is named and does not stop the rest."""

from __future__ import annotations

import errno
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch

from focus.datasets.landmark_check import check_landmarks
from focus.datasets.landmark_table import LandmarkTable
from focus.errors import FocusError, machine_trouble, printable, reason_of
from focus.reconstruct.names import FAILURES, Folders, old_faces
from focus.reconstruct.photos import gathered, read_photo
from focus.reconstruct.reconstructor import Face, FoundFace, Reconstructor
from focus.reconstruct.told import Summary, one_line, photograph_line, shown, write_failures
from focus.reconstruct.write import FaceWriter

Say = Callable[[str], None]
BROKEN_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}  # nothing more can be written


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


@dataclass(eq=False)
class Photograph:
    """A photograph in work: its name in OUT, how many of its faces wait, those written till its line is said, seconds.

    looked_at: whether it is known which faces it shows.
    """

    path: Path
    name: str
    waiting: int = 0
    faces: list[Face] = field(default_factory=list)
    seconds: float = 0.0
    looked_at: bool = False


@dataclass(frozen=True, eq=False)
class Waiting:
    """A face that waits for its batch: its photograph, that one's pixels, the crop, the folder to write."""

    photograph: Photograph
    pixels: np.ndarray
    found: FoundFace
    folder: str


def run_job(job: Job, say: Say, complain: Say) -> Summary:
    """Do a job: one line a photograph through `say`, one line a failure and notes through `complain`.

    Raises FocusError when nothing can be done at all: no such model, no images, no place to write.
    """
    torch.set_num_threads(job.threads)
    files, empty = gathered(job.photos)
    device = checked_device(job.device)
    reconstructor = Reconstructor.load(job.model, device)
    writable(job.out)
    if reconstructor.bundle.card.drawn_faces:
        steps = reconstructor.default_fit if job.fit is None else job.fit
        remedy = f"each face is refined on its photograph, --fit {steps}" if steps else "expect misses without --fit"
        complain(f"model trained on drawn faces: {remedy}")
    if job.landmarks is None:
        complain(f"faces are looked for by {reconstructor.finder.name}")
    worker = Worker(job, reconstructor, say, complain)
    for place, reason in empty:
        worker.fail(place, reason)
    return worker.run(files)


class Worker:
    """Does a job, photograph by photograph; nothing but a broken disk ends it."""

    def __init__(self, job: Job, reconstructor: Reconstructor, say: Say, complain: Say) -> None:
        self.job, self.reconstructor, self.say, self.complain = job, reconstructor, say, complain
        self.writer, self.summary = FaceWriter(reconstructor.bundle), Summary(0)
        self.queue: list[Waiting] = []
        self.present: set[str] = set()

    def run(self, files: Sequence[Path]) -> Summary:
        """Reconstruct all faces of these files. failures.csv is written however it ends."""
        began, folders = time.perf_counter(), Folders(self.job.out)
        self.summary.photographs = len(files)
        table = self.job.landmarks and self.job.landmarks.among(files)
        photographs = [Photograph(path, folders.photograph(path)) for path in files]
        try:
            for photograph in photographs:
                self._look_at(photograph, folders, table)
                while len(self.queue) >= self.job.batch:
                    self._finish(self._next(self.job.batch))
            self._finish(self._next(len(self.queue)))
            self._clear_away(photographs)
        finally:
            write_failures(self.job.out / FAILURES, self.summary.failures)
        self.summary.seconds = time.perf_counter() - began
        return self.summary

    def fail(self, path: Path, reason: str) -> None:
        """Note that something came to nothing, and say so."""
        name, reason = shown(path), one_line(reason)
        self.summary.failures.append((name, reason))
        self.complain(reason if name in reason else f"{name}: {reason}")

    @contextmanager
    def _noting(self, path: Path) -> Iterator[None]:
        """Make a failure of whatever goes wrong with a photograph, unless the disk is broken."""
        try:
            yield
        except FocusError as error:
            self.fail(path, str(error))
        except OSError as error:
            if error.errno in BROKEN_DISK:
                raise
            self.fail(
                path, f"{printable(str(error.filename or ''))}: {error.strerror or reason_of(error)}".lstrip(": ")
            )
        except Exception as error:  # of whatever library: the other photographs are not to suffer
            self.fail(path, machine_trouble(error) or f"{type(error).__name__}: {reason_of(error)}")

    def _look_at(self, photograph: Photograph, folders: Folders, table: LandmarkTable | None) -> None:
        """Read a photograph, and queue its faces."""
        began, path = time.perf_counter(), photograph.path
        with self._noting(path):
            pixels = read_photo(path)
            faces = self._cut(path, pixels, self._points(path, pixels, table))
            names = folders.faces(photograph.name, len(faces)) if faces else []
            self.queue += [Waiting(photograph, pixels, *pair) for pair in zip(faces, names, strict=True)]
            self.present.update(names)
            photograph.waiting, photograph.looked_at = len(faces), True
        photograph.seconds = time.perf_counter() - began

    def _points(self, path: Path, pixels: np.ndarray, table: LandmarkTable | None) -> list[tuple[str, np.ndarray]]:
        """Return the 68 points of each face, given or found, and what to call it in a message."""
        if table is not None:
            return table.lines(path)
        found = [face.landmarks for face in self.reconstructor.finder.detect([pixels])[0]]
        if not found:
            self.fail(path, f"no face found by {self.reconstructor.finder.name}")
        return [(f"face {number} of {len(found)}", points) for number, points in enumerate(found, start=1)]

    def _cut(self, path: Path, pixels: np.ndarray, faces: Sequence[tuple[str, np.ndarray]]) -> list[FoundFace]:
        """Return the crops of faces; one that cannot be cut out is a failure of its own."""
        cut: list[FoundFace] = []
        for where, points in faces:
            with self._noting(path):
                if self.job.landmarks is not None:
                    check_landmarks(points, (pixels.shape[1], pixels.shape[0]), f"{where} ({path})")
                try:
                    cut.append(self.reconstructor.cut(pixels, points))
                except FocusError as error:
                    raise FocusError(f"{where}: {error}") from None
        return cut

    def _next(self, count: int) -> list[Waiting]:
        """Take faces from the queue."""
        taken, self.queue = self.queue[:count], self.queue[count:]
        return taken

    def _finish(self, batch: Sequence[Waiting]) -> None:
        """Reconstruct and write one batch, each face alone where they fail together."""
        began = time.perf_counter()
        faces: Sequence[Face | None] = [None] * len(batch)
        try:
            faces = self._reconstruct(batch)
        except Exception:
            if len(batch) > 1:
                for one in batch:
                    self._finish([one])
                return
            with self._noting(batch[0].photograph.path):
                raise
        share = (time.perf_counter() - began) / max(1, len(batch))
        for one, face in zip(batch, faces, strict=True):
            self._keep(one, face, share)

    def _reconstruct(self, batch: Sequence[Waiting]) -> list[Face]:
        with shown_progress(self.reconstructor, self.job.fit, len(batch)) as progress:
            return self.reconstructor.reconstruct(
                [one.found for one in batch], fit=self.job.fit, misfit_prior=self.job.misfit_prior, progress=progress
            )

    def _keep(self, one: Waiting, face: Face | None, seconds: float) -> None:
        """Write a face that was reconstructed; say the line of a photograph whose last face it is."""
        began, photograph = time.perf_counter(), one.photograph
        if face is not None:
            with self._noting(photograph.path):
                self.writer.write(self.job.out / one.folder, one.pixels, face, printable(photograph.path.name))
                photograph.faces.append(face)
                self.summary.faces += 1
                self.summary.occluded += face.verdict.occluded
        photograph.waiting -= 1
        photograph.seconds += seconds + time.perf_counter() - began
        if photograph.waiting == 0 and photograph.faces:
            self.say(photograph_line(photograph.path, photograph.faces, photograph.seconds))
            photograph.faces.clear()  # a batch of thousands would hold all their meshes

    def _clear_away(self, photographs: Sequence[Photograph]) -> None:
        """Remove faces of an earlier run that these photographs no longer show; say which could not be looked for."""
        by_name = {photograph.name: photograph for photograph in photographs}
        names = {name: printable(photograph.path.name) for name, photograph in by_name.items()}
        for folder, name in list(old_faces(self.job.out, names, self.present)):
            with self._noting(by_name[name].path):
                if by_name[name].looked_at:
                    shutil.rmtree(folder)
                    self.complain(f"{shown(folder)}: removed, an earlier run's face that is no longer found")
                else:
                    self.complain(f"{shown(folder)}: is of an earlier run")


@contextmanager
def shown_progress(reconstructor: Reconstructor, fit: int | None, faces: int) -> Iterator[Callable[[int], None] | None]:
    """Show the steps of refinement on standard error, where that is a terminal."""
    steps = reconstructor.default_fit if fit is None else fit
    if not steps or not faces or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
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
        with TemporaryFile(dir=folder):  # without a name: another job may begin in this folder at the same time
            pass
    except OSError as error:
        raise FocusError(f"{folder}: cannot write there ({error.strerror}), expected a writable folder") from None
