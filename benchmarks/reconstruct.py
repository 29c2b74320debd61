"""Time and memory of the photo tool: `python -m benchmarks.reconstruct [--json FILE]`, on a machine at rest.

Inside one warm process: a face found, reconstructed, refined, written, with one thread and with two. As a person starts
it, with the default threads: help, one photograph from start to last file, and photographs per second of a folder.
Photographs are drawn portraits, one face each; a large one is a portrait enlarged. Times in s, the best of the repeats;
memory is the most that a command held at once (its resident set), MiB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from focus.datasets.images import read_image
from focus.emulation.celebamask_hq import GROUPS, write_celeba_hq
from focus.environment import cost
from focus.face_model.heads import FaceGenerator
from focus.files import write_json
from focus.reconstruct.bundle import DEMO
from focus.reconstruct.reconstructor import Reconstructor
from focus.reconstruct.write import FaceWriter

Times = dict[str, float]
Row = tuple[str, Times]
SEED = 20_000  # of portraits that no stage draws
LARGE = (3464, 3464)  # width and height of 12 megapixels
# A process begins with the peak memory of the one that it was split from: this small one stands between.
LAUNCHER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""
FOLDER, THREADS, BATCHES = 16, (1, 2), (1, 8)


def draw_portraits(folder: Path, count: int) -> Path:
    """Draw portraits that no stage has seen, in CelebAMask-HQ's layout, and return their folder."""
    counts = dict.fromkeys(GROUPS, 0) | {"train": count}
    write_celeba_hq(folder, FaceGenerator(1, 0), counts, seed=SEED)
    return folder


def best_of(repeats: int, work: Callable[[], float | object]) -> Times:
    """Return the least wall and CPU time of some runs, s, child processes included.

    Where the work returns a number, its peak memory in MiB, the most of them as well.
    """
    walls, loads, peaks = [], [], []
    for _ in range(repeats):
        began, before = time.perf_counter(), os.times()
        peaks.append(work())
        walls.append(time.perf_counter() - began)
        loads.append(sum(os.times()[:4]) - sum(before[:4]))
    memory = {"peak_mib": max(peaks)} if all(isinstance(peak, float) for peak in peaks) else {}
    return {"wall_s": round(min(walls), 3), "cpu_s": round(min(loads), 3), **memory}


def warm(reconstructor: Reconstructor, portrait: np.ndarray, out: Path, repeats: int) -> Iterator[Row]:
    """Yield the times of a face's parts in a process that has done it before."""
    writer, steps = FaceWriter(reconstructor.bundle), reconstructor.default_fit
    large = np.asarray(Image.fromarray(portrait).resize(LARGE, Image.Resampling.BICUBIC))
    before = torch.get_num_threads()
    for threads in THREADS:
        torch.set_num_threads(threads)
        where = f"{threads} thread{'s' * (threads > 1)}"
        found = reconstructor.crop_all(portrait)[:1]
        face = reconstructor.reconstruct(found, fit=0)[0]

        def find_and_reconstruct() -> None:
            reconstructor.reconstruct(reconstructor.crop_all(portrait), fit=0)

        yield f"find, {where}", best_of(repeats, lambda: reconstructor.crop_all(portrait))
        yield f"find and reconstruct, {where}", best_of(repeats, find_and_reconstruct)
        yield f"fit {steps}, {where}", best_of(3, lambda found=found: reconstructor.reconstruct(found, fit=steps))
        yield f"write, {where}", best_of(repeats, lambda face=face: writer.write(out / "face", portrait, face))
        found = reconstructor.crop_all(large)[:1]
        face = reconstructor.reconstruct(found, fit=0)[0]
        yield f"find in 12 megapixels, {where}", best_of(3, lambda: reconstructor.crop_all(large))
        yield f"write of 12 megapixels, {where}", best_of(3, lambda face=face: writer.write(out / "face", large, face))
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Command:
    """`focus` as a person starts it: no word about threads."""

    model: str
    out: Path

    def focus(self, *words: str) -> float:
        """Run it and return its peak memory, MiB; a failure is one here."""
        environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
        command = [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, "-m", "focus.cli", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return round(int(done.stdout.splitlines()[-1]) / 1024, 1)

    def reconstruct(self, *words: str) -> float:
        """Run `focus reconstruct` on photographs, with options; return its peak memory, MiB."""
        return self.focus("reconstruct", *words, "--model", self.model, "--out", str(self.out))


def commands(command: Command, photos: list[Path], steps: int, repeats: int) -> Iterator[Row]:
    """Yield the times of whole commands; of a folder the photographs per second, its start-up left out."""
    names = [str(photo) for photo in photos]
    yield "focus --help", best_of(repeats, lambda: command.focus("--help"))
    for fit in (0, steps):
        one = best_of(repeats, lambda fit=fit: command.reconstruct(names[0], "--fit", str(fit)))
        yield f"one photograph, --fit {fit}, from start to last file", one
        for batch in BATCHES:
            options = ("--fit", str(fit), "--batch", str(batch))
            all_of_them = best_of(1, lambda options=options: command.reconstruct(*names, *options))
            rate = (len(names) - 1) / max(1e-9, all_of_them["wall_s"] - one["wall_s"])
            yield (
                f"folder of {len(names)}, --fit {fit} --batch {batch}",
                all_of_them | {"photographs_per_s": round(rate, 2)},
            )


def large_command(command: Command, portrait: np.ndarray, repeats: int) -> Iterator[Row]:
    """Yield time and memory of the command for a photograph of LARGE."""
    place = command.out.with_name("large.jpg")
    Image.fromarray(portrait).resize(LARGE, Image.Resampling.BICUBIC).save(place, quality=92)
    yield "one photograph of 12 megapixels", best_of(repeats, lambda: command.reconstruct(str(place)))


def machine() -> dict[str, object]:
    """Return what the times depend on: processor, cores, versions, and the load before they were taken."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"processor": (names or ["unknown"])[0], **cost.host(), "load_average": round(os.getloadavg()[0], 2)}


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--model", default=DEMO, help="a model's name or a bundle's path")
    parser.add_argument("--repeats", type=int, default=5, help="runs of which the best counts")
    arguments = parser.parse_args()
    facts = machine()
    reconstructor = Reconstructor.load(arguments.model)
    times: dict[str, Times] = {}
    with TemporaryDirectory() as folder:
        drawn = sorted(draw_portraits(Path(folder, "portraits"), 2 * FOLDER).glob("CelebA-HQ-img/*.jpg"))
        photos = [photo for photo in drawn if reconstructor.finder.detect([read_image(photo)])[0]][:FOLDER]
        out, steps = Path(folder, "out"), reconstructor.default_fit
        command, portrait = Command(arguments.model, out), read_image(photos[0])
        for rows in (
            warm(reconstructor, portrait, out, arguments.repeats),
            commands(command, photos, steps, min(3, arguments.repeats)),
            large_command(command, portrait, min(3, arguments.repeats)),
        ):
            for name, figures in rows:
                times[name] = figures
                print(f"{name}: {figures}", flush=True)
    if arguments.json:
        write_json(arguments.json, {"machine": facts, "times": times})


if __name__ == "__main__":
    main()
