"""What fuzzing.py mutates: face models, networks, checkpoints and bundles."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import bundles
from focus.authors.pickled import read_module
from focus.datasets.landmark_check import MEAN_FACE
from focus.face_model import BfmArrays, FaceModel, LinearModel, read_bfm, write_bfm
from focus.face_model.pickled_arrays import read_pickled_arrays
from focus.files import write_text
from focus.networks.store import load_networks, save_networks
from focus.networks.weights import read_state
from focus.reconstruct.bundle import load_bundle
from focus.training.checkpoint import Checkpoint
from fuzzed import RNG, Reader, refusing
from pickled_modules import SEGMENTATION, write_module


def _arrays() -> BfmArrays:
    mean = RNG.normal((0, 0, 100), 1, (90, 3))
    mean[:68] = MEAN_FACE[:, :3] + (0, 0, 100)
    basis = np.linalg.qr(RNG.normal(size=(270, 3)))[0]
    shape, expression = (LinearModel(place, basis, np.full(3, 270.0)) for place in (mean, 0.01 * mean))
    colour = LinearModel(np.full((90, 3), 0.5), basis, np.full(3, 0.3))
    triangles = np.arange(90).reshape(30, 3)
    return BfmArrays(shape, expression, colour, triangles, np.arange(68), np.arange(7) + 70)


def bfm(folder: Path) -> Reader:
    """BFM 2017's HDF5 layout, 90 vertices."""
    write_bfm(folder / "model.h5", _arrays())
    return folder / "model.h5", lambda: read_bfm(folder / "model.h5", 2, 2, 2)


def foreign_bfm(folder: Path) -> Reader:
    """A face model in metres: refused in one line, whatever else is wrong with it."""
    arrays = _arrays()
    arrays = replace(arrays, shape=replace(arrays.shape, mean=arrays.shape.mean / 1000))
    write_bfm(folder / "model.h5", arrays)
    return folder / "model.h5", lambda: refusing(lambda: read_bfm(folder / "model.h5", 2, 2, 2))


def face_model(folder: Path) -> Reader:
    """The packed face model (safetensors)."""
    write_bfm(folder / "model.h5", _arrays())
    read_bfm(folder / "model.h5", 2, 2, 2).save(folder / "model.safetensors")
    return folder / "model.safetensors", lambda: FaceModel.load(folder / "model.safetensors")


def networks(folder: Path) -> Reader:
    """A trained network (safetensors)."""
    path, network = folder / "model.safetensors", nn.Linear(4, 3)
    save_networks(path, {"net": network}, {"stage": "train"})
    return path, lambda: load_networks(path, {"net": network})


def torch_weights(folder: Path) -> Reader:
    """Published weights as torch writes them (a zip with a pickle, of which only tensors are read)."""
    torch.save(nn.Linear(4, 3).state_dict(), folder / "backbone.pth")
    return folder / "backbone.pth", lambda: read_state(folder / "backbone.pth")


def pickled_module(folder: Path) -> Reader:
    """A network as the authors keep theirs: a zip with a whole pickled module, whose classes are never built."""
    state = {"last.weight": torch.randn(2, 3), "last.bias": torch.zeros(2)}
    path = write_module(folder / "unet_000010.model", SEGMENTATION, state)
    return path, lambda: read_module(path)


def pickled_arrays(folder: Path) -> Reader:
    """A pickle of arrays, as the authors' face crop is."""
    path = folder / "idxes_crop.pkl"
    path.write_bytes(pickle.dumps({"points": np.arange(9), "cells": [np.ones((3, 4)), (1, "x")]}, protocol=2))
    return path, lambda: read_pickled_arrays(path)


def published_safetensors(folder: Path) -> Reader:
    """Published weights as safetensors."""
    save_networks(folder / "backbone.safetensors", {"net": nn.Linear(4, 3)}, {})
    return folder / "backbone.safetensors", lambda: read_state(folder / "backbone.safetensors")


def checkpoint(folder: Path) -> Reader:
    """A checkpoint; a damaged one counts as none."""
    kept = Checkpoint(folder / "checkpoint.pt", "key", 1)
    kept.save({"step": 1, "networks": {"net": nn.Linear(4, 3).state_dict()}})
    return kept.path, kept.load


def bundle_header(folder: Path) -> Reader:
    """What a model for photographs says of itself: sizes of its networks, thresholds, its card."""
    with safe_open(bundles.write_model(folder), "pt") as whole:
        header, tensors = whole.metadata()["focus"], {name: whole.get_tensor(name) for name in whole.keys()}  # noqa: SIM118 - not a mapping

    def read() -> None:
        text = (folder / "header.json").read_text(encoding="utf-8", errors="replace")
        save_file(tensors, folder / "model.safetensors", {"focus": text})
        load_bundle(folder / "model.safetensors")

    write_text(folder / "header.json", header)
    return folder / "header.json", read


READERS = (
    bfm,
    foreign_bfm,
    face_model,
    networks,
    torch_weights,
    pickled_module,
    pickled_arrays,
    published_safetensors,
    checkpoint,
    bundle_header,
)
