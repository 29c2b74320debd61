"""Time one training step at a profile's scale: `python -m benchmarks.steps [--profile NAME] [--json FILE]`.

Networks, renderer and losses are the profile's, the images noise and the bases of the face model random: neither
changes the time of a step. Times are the best of the repeats on one CPU thread or on the GPU, in seconds per image;
`tflop` counts the networks' multiplications and additions (2 a multiply-add) of a step, in 10^12 an image.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from focus.face_model import FaceModel
from focus.face_model.heads.heads import load_heads
from focus.files import write_json
from focus.masks.sources import mask_source
from focus.methods.em import LossPlan, ReconstructionObjective, SegmentationObjective
from focus.methods.initialise import PretrainingObjective
from focus.model import factory
from focus.model.autoencoder import Autoencoder
from focus.model.perception import Perception
from focus.networks import SegmentationNetwork
from focus.settings import Profile, read_profile
from focus.training.batches import Batch

Measure = Callable[[Profile, int | None, int, torch.device], dict[str, Any]]

LEVEL = {"small": 0, "resnet50": 2}  # 2: 44,000 vertices, half as many again as BFM's face region
R_TERMS = ("pixel", "perceptual", "landmarks", "regularisation")
S_TERMS = ("neighbour", "distance", "area", "preservation", "binary")


def face_model(profile: Profile) -> FaceModel:
    """Return the mean face with random bases of the profile's lengths."""
    template = load_heads().template(LEVEL.get(profile.encoder.architecture, 2)).face()
    count, plan = len(template.vertices), profile.face_model
    generator = torch.Generator().manual_seed(0)

    def basis(components: int, spread: float) -> Tensor:
        return spread * torch.randn(3 * count, components, generator=generator)

    return FaceModel(
        shape_mean=torch.from_numpy(template.vertices).float(),
        shape_basis=basis(plan.shape, 0.1),
        expression_mean=torch.zeros(count, 3),
        expression_basis=basis(plan.expression, 0.1),
        albedo_mean=torch.full((count, 3), 0.5),
        albedo_basis=basis(plan.albedo, 0.01),
        triangles=torch.from_numpy(template.triangles),
        landmarks68=torch.from_numpy(template.landmarks68),
        landmarks_now=torch.from_numpy(template.landmarks_now),
        name="benchmark",
        licence="made by code",
    )


def batches(side: int, count: int, device: torch.device) -> Callable[[int], Batch]:
    """Return a source of one batch of noise, with landmarks spread over a face."""
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, 3, side, side, generator=generator).to(device)
    points = (0.2 + 0.6 * torch.rand(count, 68, 2, generator=generator)).mul(side).to(device)
    batch = Batch(images, points, torch.ones(count, 1, side, side, device=device), torch.arange(count))
    return lambda step: batch


@dataclass(frozen=True)
class Setup:
    """What a step of a profile needs: the networks, the renderer around the encoder, and one batch of noise."""

    profile: Profile
    autoencoder: Autoencoder
    segmentation: SegmentationNetwork
    perception: Perception
    source: Callable[[int], Batch]

    def losses(self, weights: dict[str, float], terms: tuple[str, ...]) -> LossPlan:
        """Return the named terms as released."""
        return LossPlan({term: weights[term] for term in terms}, {}, "mean", self.profile.losses.neighbourhood)

    def reconstruction(self, mask: str = "segmentation") -> ReconstructionObjective:
        """Return an R step (Eq. 8) with M from the named source."""
        source = mask_source(mask, xi=self.profile.initialise.xi)
        plan = self.losses(self.profile.losses.initialise, R_TERMS)
        return ReconstructionObjective(self.autoencoder, self.source, plan, source, self.segmentation, self.perception)

    def segmenting(self) -> SegmentationObjective:
        """Return an S step (L_S)."""
        plan = self.losses(self.profile.losses.segmentation, S_TERMS)
        return SegmentationObjective(self.autoencoder, self.segmentation, self.source, plan, self.perception)

    def pretraining(self) -> PretrainingObjective:
        """Return a step of S's pre-training (Eq. 10)."""
        return PretrainingObjective(self.autoencoder, self.segmentation, self.source, self.profile.pretrain.xi)


def set_up(profile: Profile, count: int, device: torch.device) -> Setup:
    """Build the profile's networks with random weights."""
    side, plan = profile.image.side, profile.recogniser
    torch.manual_seed(0)
    model = face_model(profile).to(device)
    encoder, recogniser = factory.face_encoder(model, side, profile.encoder), factory.recogniser(plan)
    return Setup(
        profile,
        factory.autoencoder(encoder, model, side, profile.encoder, profile.render),
        factory.segmentation(profile.segmentation).to(device),
        Perception(recogniser, plan.side, plan.levels).to(device),
        batches(side, count, device),
    )


def steps(profile: Profile, count: int, device: torch.device) -> dict[str, Callable[[], None]]:
    """Return a function that does one step with its gradients, for each kind of step."""
    setup = set_up(profile, count, device)
    encoder, segmentation = setup.autoencoder.encoder, setup.segmentation
    objectives = {
        "initialise": (setup.reconstruction("robust"), encoder),
        "pretrain": (setup.pretraining(), segmentation),
        "reconstruction_masked": (setup.reconstruction(), encoder),
        "segmentation": (setup.segmenting(), segmentation),
    }
    return {name: one_step(objective, trained, setup.autoencoder) for name, (objective, trained) in objectives.items()}


def one_step(objective: Callable[[int], tuple[Tensor, object]], trained: nn.Module, autoencoder: Autoencoder):
    """Return a step that trains `trained` and keeps the rest frozen."""

    def step() -> None:
        autoencoder.encoder.train(trained is autoencoder.encoder)
        for weight in autoencoder.encoder.parameters():
            weight.requires_grad_(trained is autoencoder.encoder)
        trained.train()
        loss, _ = objective(0)
        loss.backward()
        trained.zero_grad(set_to_none=True)

    return step


def measure(profile: Profile, batch: int | None, repeats: int, device: torch.device) -> dict[str, Any]:
    """Return the times and the arithmetic of each kind of step; `batch` None: the profile's."""
    count, found = batch or profile.training.batch, {}
    for name, step in steps(profile, count, device).items():
        with FlopCounterMode(display=False) as counter:
            step()
        best = min(timed(step, device) for _ in range(repeats))
        found[name] = {"s": round(best / count, 5), "tflop": round(counter.get_total_flops() / count / 1e12, 5)}
    return {
        "architecture": profile.encoder.architecture,
        "side": profile.image.side,
        "batch": count,
        "image": found,
    }


def timed(step: Callable[[], None], device: torch.device) -> float:
    """Return the seconds of one step: CPU time, which other work on the machine does not change, or the GPU's."""
    if device.type == "cpu":
        began = time.process_time()
        step()
        return time.process_time() - began
    torch.cuda.synchronize()
    began = time.perf_counter()
    step()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def command(about: str, measure: Measure, *, profile: str, batch: int | None, repeats: int) -> None:
    """Measure what the command line asks for, on one thread or the GPU; print it, and write it if a file is named."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--profile", default=profile)
    parser.add_argument("--batch", type=int, default=batch, help="images of a step")
    parser.add_argument("--repeats", type=int, default=repeats, help="runs of which the best counts")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = {
        "profile": wanted.profile,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"{platform.machine()} CPU, 1 thread",
        "torch": torch.__version__,
        **measure(read_profile(wanted.profile), wanted.batch, wanted.repeats, device),
    }
    print(json.dumps(found, indent=1))
    if wanted.json:
        write_json(wanted.json, found)


if __name__ == "__main__":
    command(__doc__.splitlines()[0], measure, profile="paper", batch=2, repeats=2)
