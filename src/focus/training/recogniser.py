"""Training of the face recogniser with the ArcFace loss (additive angular margin) on aligned crops of identities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from focus.networks import ArcFaceHead, FaceRecogniser
from focus.seeds import torch_generator
from focus.training.batches import sample_index


@dataclass(frozen=True)
class Identities:
    """images (N,3,size,size) RGB in [0,1], aligned; labels (N,) int64."""

    images: Tensor
    labels: Tensor

    @property
    def count(self) -> int:
        """Number of identities."""
        return int(self.labels.max()) + 1

    def to(self, device: torch.device) -> Identities:
        """Return the same on a device."""
        return Identities(self.images.to(device), self.labels.to(device))


class RecogniserTraining(nn.Module):
    """The recogniser and the class centres that only its training needs."""

    def __init__(self, network: FaceRecogniser, head: ArcFaceHead) -> None:
        super().__init__()
        self.network, self.head = network, head


class RecogniserObjective:
    """Loss of one step: ArcFace's, with the margin growing over the first two fifths of the training."""

    def __init__(self, model: RecogniserTraining, data: Identities, batch: int, steps: int, seed: int) -> None:
        self.model, self.data, self.batch, self.steps, self.seed = model, data, batch, steps, seed
        self.device = model.head.weight.device

    def __call__(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its only term, the loss itself."""
        index = sample_index(len(self.data.labels), self.batch, self.seed, step)
        images = perturb(self.data.images[index], torch_generator(self.seed, "recogniser", step))
        images, labels = images.to(self.device), self.data.labels[index].to(self.device)
        warm = min(1.0, step / max(1.0, 0.4 * self.steps))
        embedding = self.model.network.embedding(images)
        loss = self.model.head(embedding, labels, margin=warm * self.model.head.margin)
        return loss, {"arcface": loss.detach()}


def perturb(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, brighten, add noise, and black out blocks of some images: F later sees masked faces (Eq. 2 and 4)."""
    batch = len(images)
    flip = torch.rand(batch, 1, 1, 1, generator=generator) < 0.5
    images = torch.where(flip, images.flip(3), images)
    images = images * (0.8 + 0.4 * torch.rand(batch, 1, 1, 1, generator=generator))
    images = images + 0.03 * torch.randn(images.shape, generator=generator)
    blocks = (torch.rand(batch, 1, 4, 4, generator=generator) > 0.25).float()
    blocked = torch.rand(batch, 1, 1, 1, generator=generator) < 0.3
    keep = functional.interpolate(blocks, images.shape[2:])
    return torch.where(blocked, images * keep, images).clamp(0, 1)


@torch.no_grad()
def verification_auc(network: FaceRecogniser, data: Identities) -> float:
    """Return the area under the ROC curve of telling same from different person by cosine, on all pairs of images."""
    network.eval()
    embedding = torch.cat([functional.normalize(network.embedding(part)) for part in data.images.split(256)])
    rows, columns = torch.triu_indices(len(embedding), len(embedding), offset=1)
    same = data.labels[rows] == data.labels[columns]
    cosine = (embedding @ embedding.T)[rows, columns]
    return float(roc_auc_score(same.cpu().numpy(), cosine.cpu().numpy()))
