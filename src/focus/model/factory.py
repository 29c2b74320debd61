"""R, S and F from their settings: the one place that puts them together, for stages, bundles and benchmarks.

Weights are fresh, from torch's global generator.
"""

from __future__ import annotations

from focus.face_model import FaceModel
from focus.model.autoencoder import Autoencoder
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork
from focus.rendering import Renderer
from focus.settings import Encoder, RecogniserNet, Render, SegmentationNet


def face_encoder(model: FaceModel, side: int, plan: Encoder) -> FaceEncoder:
    """Return R's encoder for images of `side` px and the components of a face model."""
    return FaceEncoder(Autoencoder.output_count(model), plan.architecture, side, plan.width)


def autoencoder(encoder: FaceEncoder, model: FaceModel, side: int, plan: Encoder, render: Render) -> Autoencoder:
    """Return R on the face model's device: an encoder, the model and the renderer."""
    renderer = Renderer(model.triangles, side, render.interpolation, render.backend, render.normals)
    return Autoencoder(encoder, model, renderer, plan.output_scale).to(model.triangles.device)


def segmentation(plan: SegmentationNet) -> SegmentationNetwork:
    """Return S."""
    return SegmentationNetwork(plan.width, plan.poolings)


def recogniser(plan: RecogniserNet) -> FaceRecogniser:
    """Return F."""
    return FaceRecogniser(tuple(plan.layers), tuple(plan.widths), plan.side, plan.embedding)
