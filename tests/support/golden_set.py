"""The rules that rebuild every input of a set of golden values; its name and sizes are read from its files.

Numbers that no array has (grids of the coarse images, for one) are read from the set's README, where it has one that
gives them; otherwise they are those of set A.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from focus.authors.pickled import read_module
from focus.networks import FaceRecogniser

Array = NDArray[np.float64]


def drawn(name: str) -> np.random.RandomState:
    """Return the generator of one name's numbers."""
    return np.random.RandomState(zlib.crc32(name.encode()))


def normal(name: str, *shape: int) -> Array:
    """Return standard normal numbers."""
    return drawn(name).standard_normal(shape)


def uniform(name: str, *shape: int) -> Array:
    """Return numbers in [0,1)."""
    return drawn(name).random_sample(shape)


def smooth(nodes: Array, rows: int, columns: int) -> Array:
    """Bring (..., h, w) to (..., rows, columns) linearly, the end nodes on the end pixels."""
    for axis, size in ((-2, rows), (-1, columns)):
        last = nodes.shape[axis] - 1
        place = np.arange(size) * last / (size - 1)
        before = np.minimum(place.astype(int), last - 1)
        share = (place - before)[:, None] if axis == -2 else place - before
        nodes = np.take(nodes, before, axis) * (1 - share) + np.take(nodes, before + 1, axis) * share
    return nodes


def image(name: str, count: int, grid: int, size: int) -> Tensor:
    """Return images (count,3,size,size) float32 in [0,1]."""
    return torch.from_numpy(smooth(uniform(name, count, 3, grid, grid), size, size).astype(np.float32))


def weights(tag: str, names: Iterable[str], shapes: Iterable[tuple[int, ...]], gain: float) -> dict[str, Tensor]:
    """Return a network's state by the authors' names."""
    return {name: torch.from_numpy(_weight(tag, name, shape, gain)) for name, shape in zip(names, shapes, strict=True)}


def _weight(tag: str, name: str, shape: tuple[int, ...], gain: float) -> np.ndarray:
    last = name.rsplit(".", 1)[-1]
    if last == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    numbers = normal(tag + name, *shape)
    if last in ("bias", "running_mean"):
        numbers = 0.1 * numbers
    elif last == "running_var":
        numbers = 1 + 0.1 * np.abs(numbers)
    elif len(shape) > 1:
        numbers = numbers * math.sqrt(gain / np.prod(shape[1:]))
    elif "prelu" in name:
        numbers = 0.25 + 0.05 * numbers
    else:
        numbers = 1 + 0.1 * numbers
    return numbers.astype(np.float32)


@dataclass(frozen=True)
class GoldenSet:
    """A folder of golden figures."""

    folder: Path

    @property
    def name(self) -> str:
        """The letter that begins every name of its draws: README's, or the one whose draws its tiny encoder has."""
        found = re.search(r'SET = "(\w+)"', self._readme())
        if found:
            return found[1]
        bias = read_module(self.only("enc_net_*.model")).state["vgg.fc.bias"].numpy()
        [name] = [
            letter
            for letter in ascii_uppercase
            if np.allclose(0.1 * normal(f"{letter}/tiny_encoder/vgg.fc.bias", *bias.shape), bias, atol=1e-6)
        ]
        return name

    def only(self, pattern: str) -> Path:
        """Return the one file of a pattern."""
        [file] = self.folder.glob(pattern)
        return file

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of <name>.npz."""
        with np.load(self.folder / f"{name}.npz") as arrays:
            return {key: arrays[key] for key in arrays}

    def numbers(self, pattern: str, *defaults: int) -> tuple[int, ...]:
        """Return the integers that a pattern finds in the README, or the defaults, set A's."""
        found = re.search(pattern, self._readme())
        return tuple(int(number) for number in found.groups()) if found else defaults

    def _readme(self) -> str:
        readme = self.folder / "README.md"
        return readme.read_text(encoding="utf-8") if readme.is_file() else ""


@dataclass(frozen=True)
class LossInputs:
    """What losses_<i>.npz is made from: images (b,3,S,S), masks (b,1,S,S), raw encoder outputs (b,531)."""

    target: Tensor
    rendering: Tensor
    region: Tensor
    mask: Tensor
    raw: Tensor
    truth: Tensor
    probe: Tensor


def loss_inputs(golden: GoldenSet, number: str, figures: Mapping[str, np.ndarray]) -> LossInputs:
    """Rebuild the batch of losses_<number>.npz."""
    ellipses = figures["region_ellipse"]  # (b,4): cx, cy, rx, ry of the rendered regions in px
    b, n = len(ellipses), f"{golden.name}/losses/{number}/"
    size = round((8 * figures["init_inliers"].size / b) ** 0.5)
    [fine] = golden.numbers(r'uniform\(n \+ "target", b, 3, (\d+)', 15)
    [other] = golden.numbers(r'uniform\(n \+ "other", b, 3, (\d+)', 9)
    [spots] = golden.numbers(r'uniform\(n \+ "mask", b, 1, (\d+)', 20)
    [coarse] = golden.numbers(r'uniform\(n \+ "truth", b, 1, (\d+)', 12)
    target = smooth(uniform(n + "target", b, 3, fine, fine), size, size)
    y, x = np.mgrid[0:size, 0:size]
    inside = [((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1 for cx, cy, rx, ry in ellipses.astype(float)]
    region = np.stack(inside)[:, None].astype(float)
    rendering = 0.75 * np.roll(target, (1, 1), (2, 3))
    rendering = (rendering + 0.25 * smooth(uniform(n + "other", b, 3, other, other), size, size)) * region
    mask = np.clip(2.2 * smooth(uniform(n + "mask", b, 1, spots, spots), size, size) - 0.6, 0, 1)
    if number == "2":
        mask[1] = 0
    truth = (smooth(uniform(n + "truth", b, 1, coarse, coarse), size, size) > 0.45) * region
    given = (target, rendering, region, mask, normal(n + "raw", b, 531), truth, uniform(n + "probe", b, 1, size, size))
    return LossInputs(*(torch.from_numpy(np.asarray(array).astype(np.float32)) for array in given))


def paper_recogniser(golden: GoldenSet) -> FaceRecogniser:
    """Return iResNet-50, eval mode, with the weights that the rules give it."""
    network = FaceRecogniser((3, 4, 14, 3), (64, 128, 256, 512), 112, 512)
    state = network.state_dict()
    network.load_state_dict(weights(f"{golden.name}/r50/", state, (value.shape for value in state.values()), 1.0))
    return network.eval()


def feature_maps(golden: GoldenSet, number: str, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return shallow maps (b,C,h,w) of I_T, M * I_T and M * I_R; the last two begin with three rows of zeros."""
    n = f"{golden.name}/losses/{number}/"
    c, h, w = golden.numbers(r"\(C, h, w\) = [^\n]*\((\d+), (\d+), (\d+)\)", 16, 12, 20)
    target, keep = normal(n + "map_target", count, c, h, w) + 0.5, np.ones((h, w))
    keep[:3] = 0
    masked = (target + 0.5 * normal(n + "map_target_masked", count, c, h, w)) * keep
    rendered = (target + 0.8 * normal(n + "map_rendered_masked", count, c, h, w)) * keep
    first, second, third = (torch.from_numpy(array.astype(np.float32)) for array in (target, masked, rendered))
    return first, second, third
