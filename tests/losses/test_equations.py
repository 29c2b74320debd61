"""The losses against plain NumPy transcriptions of Eq. 1-10, L_bin and L_reg, that share no code with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from focus.losses import equations as losses
from loss_checks import TOLERANCE, B, S, assert_value, tensors

# --- Eq. 1 ---------------------------------------------------------------------------------------------------------


def loop_neighbour(own, other, batch, row, column, radius):
    """Smallest squared RGB distance from one pixel of `own` to the window around it in `other`."""
    smallest = math.inf
    for y in range(max(0, row - radius), min(S, row + radius + 1)):
        for x in range(max(0, column - radius), min(S, column + radius + 1)):
            squared = 0.0
            for channel in range(3):
                squared += (own[batch, channel, row, column] - other[batch, channel, y, x]) ** 2
            smallest = min(smallest, squared)
    return smallest


@pytest.mark.parametrize("radius", [0, 1, 2])
def test_neighbour_released(images, radius):
    """L_nbr in its released form would no longer be the released code's."""
    target, rendering, mask, _ = images
    total = 0.0
    for b in range(B):
        for y in range(S):
            for x in range(S):
                if radius <= min(x, y) and max(x, y) < S - radius:
                    total += math.sqrt(loop_neighbour(rendering * mask, target * mask, b, y, x, radius))
    found = losses.neighbour_loss(*tensors(target, rendering, mask), radius=radius)
    assert_value(found, total / (B * (S - 2 * radius) ** 2))


@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_neighbour_paper(images, radius, reduction):
    """Eq. 1 as printed would be another quantity."""
    target, rendering, mask, _ = images
    total = 0.0
    for b in range(B):
        for y in range(S):
            for x in range(S):
                total += mask[b, 0, y, x] * loop_neighbour(target, rendering, b, y, x, radius)
    expected = total / B / (S * S if reduction == "mean" else 1)
    found = losses.neighbour_loss(*tensors(target, rendering, mask), form="paper", radius=radius, reduction=reduction)
    assert_value(found, expected)


@pytest.mark.parametrize("form", ["paper", "released"])
def test_neighbour_forgives_a_shift(form):
    """A misalignment within the window would be punished, which Eq. 1 exists to avoid."""
    rng = np.random.default_rng(0)
    target = torch.tensor(rng.random((1, 3, 9, 9)))
    rendering = torch.roll(target, (1, 1), (2, 3))
    mask = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    mask[..., 2:-2, 2:-2] = 1
    paper = losses.neighbour_loss(target, rendering, mask, form="paper", radius=1)
    assert paper.item() == pytest.approx(0)
    whole = torch.ones_like(mask)
    inner, outer = (losses.neighbour_loss(target, rendering, whole, form=form, radius=r) for r in (2, 0))
    assert inner < 0.2 * outer


def test_neighbour_by_hand():
    """Two pixels that differ by (0.3, 0.4, 0), one masked: 0.5 in the released form, 0.25 in the paper's."""
    target = torch.zeros(1, 3, 1, 2)
    rendering = torch.zeros(1, 3, 1, 2)
    rendering[0, :2, 0, 0] = torch.tensor([0.3, 0.4])
    mask = torch.tensor([[[[1.0, 0.0]]]])
    assert losses.neighbour_loss(target, rendering, mask, radius=0).item() == pytest.approx(0.5 / 2)
    assert losses.neighbour_loss(target, rendering, mask, form="paper", radius=0).item() == pytest.approx(0.25)
    assert losses.neighbour_loss(target, rendering, mask, form="paper", radius=1).item() == 0


def test_neighbour_memory_format(images):
    """A channels-last image would give another loss."""
    target, rendering, mask, _ = tensors(*images)
    other = [x.contiguous(memory_format=torch.channels_last) for x in (target, rendering)]
    assert losses.neighbour_loss(target, rendering, mask) == losses.neighbour_loss(*other, mask)


# --- Eq. 2, 4, 6 ---------------------------------------------------------------------------------------------------


def loop_cosine(a, b):
    dot = sum(float(p) * float(q) for p, q in zip(a, b, strict=True))
    return dot / math.sqrt(sum(float(p) ** 2 for p in a)) / math.sqrt(sum(float(q) ** 2 for q in b))


@pytest.mark.parametrize("loss", [losses.distance_loss, losses.preservation_loss])
def test_feature_distance(loss, features):
    """Eq. 2 and 4 would compare otherwise than per location after division by rows (released) or as a whole (paper)."""
    first, second = features
    rows = [maps / np.linalg.norm(maps, axis=3, keepdims=True) for maps in features]
    places = [
        1 - loop_cosine(rows[0][b, :, y, x], rows[1][b, :, y, x]) for b in range(B) for y in range(3) for x in range(4)
    ]
    whole = [1 - loop_cosine(first[b].ravel(), second[b].ravel()) for b in range(B)]
    assert_value(loss(*tensors(first, second)), sum(places) / len(places))
    assert_value(loss(*tensors(first, second), form="paper"), sum(whole) / B)


def test_feature_levels_count_alike(features):
    """A deep, small map would weigh less than a shallow, large one."""
    first, second = tensors(*features)
    deep = first[..., :1, :1], second[..., :1, :1]
    both = losses.distance_loss([first, deep[0]], [second, deep[1]])
    apart = (losses.distance_loss(first, second) + losses.distance_loss(*deep)) / 2
    assert_value(both, apart.item())


def test_perceptual(features):
    """Eq. 6 would not be the mean cosine distance of embeddings."""
    first, second = (x.reshape(B, -1) for x in features)
    expected = sum(1 - loop_cosine(first[b], second[b]) for b in range(B)) / B
    assert_value(losses.perceptual_loss(*tensors(first, second)), expected)
    assert losses.perceptual_loss(torch.eye(2), -torch.eye(2)).item() == pytest.approx(2)
    assert losses.perceptual_loss(torch.eye(2), 3 * torch.eye(2)).item() == pytest.approx(0)


def test_zero_features_have_finite_gradients():
    """An all-black feature would turn the weights into NaN."""
    zero = torch.zeros(1, 4, 2, 2, requires_grad=True)
    losses.distance_loss(zero, torch.ones(1, 4, 2, 2)).backward()
    assert torch.isfinite(zero.grad).all()


# --- Eq. 3 ---------------------------------------------------------------------------------------------------------


def test_area(images):
    """Eq. 3 would not be the share of rendered pixels that the mask keeps."""
    _, _, mask, rendered_mask = images
    kept = [mask[b].sum() / rendered_mask[b].sum() for b in range(B)]
    given = tensors(mask, rendered_mask)
    assert_value(losses.area_loss(*given, form="paper"), -sum(kept) / B)
    assert_value(losses.area_loss(*given), sum(1 - share for share in kept) / B)


def test_area_forms_differ_by_one(images):
    """The released form of one image would not be 1 + Eq. 3."""
    mask, rendered_mask = (torch.tensor(x[:1]) for x in images[2:])
    paper = losses.area_loss(mask, rendered_mask, form="paper")
    assert_value(losses.area_loss(mask, rendered_mask), 1 + paper.item())


# --- Eq. 5 ---------------------------------------------------------------------------------------------------------


def test_pixel(images):
    """Eq. 5, in any of its forms, would be another quantity."""
    target, rendering, mask, _ = images
    squared, distance = 0.0, 0.0
    for b in range(B):
        for y in range(S):
            for x in range(S):
                error = [mask[b, 0, y, x] * (target[b, c, y, x] - rendering[b, c, y, x]) for c in range(3)]
                squared += sum(value**2 for value in error)
                distance += math.sqrt(sum(value**2 for value in error))
    given = tensors(target, rendering, mask)
    assert_value(losses.pixel_loss(*given), distance / mask.sum())
    assert_value(losses.pixel_loss(*given, form="image_mean"), distance / (B * S * S))
    assert_value(losses.pixel_loss(*given, form="paper"), squared / B)
    assert_value(losses.pixel_loss(*given, form="paper", reduction="mean"), squared / (B * S * S))


@pytest.mark.parametrize("form", ["paper", "released", "image_mean"])
def test_pixel_of_an_empty_mask(images, form):
    """A face that is wholly masked out would divide by zero."""
    target, rendering, mask, _ = images
    mask = torch.zeros(mask.shape, dtype=torch.float64, requires_grad=True)
    loss = losses.pixel_loss(*tensors(target, rendering), mask, form=form)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(mask.grad).all()


# --- Eq. 7 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [64, 224])
def test_landmarks(landmarks, size):
    """Eq. 7 would weigh other landmarks, or depend on the image size."""
    target, rendered = landmarks
    paper, released = 0.0, 0.0
    for b in range(B):
        for index in range(68):
            weight = 20 if index in (28, 29, 30) or 60 <= index <= 67 else 1
            for axis in range(2):
                difference = (target[b, index, axis] - rendered[b, index, axis]) * 224 / size
                paper += weight * difference**2
                released += (weight * difference) ** 2
    given = tensors(target, rendered)
    assert_value(losses.landmark_loss(*given, size), released / (B * 68 * 2))
    assert_value(losses.landmark_loss(*given, size, form="paper"), paper / B)
    assert_value(losses.landmark_loss(*given, size, form="paper", reduction="mean"), paper / B / 68)


def test_landmarks_by_hand():
    """One pixel on the nose ridge counts 20 as printed and 400 as released."""
    target = torch.zeros(1, 68, 2)
    moved = target.clone()
    moved[0, 30, 0] = 1
    assert losses.landmark_loss(target, moved, 224, form="paper").item() == 20
    assert losses.landmark_loss(target, moved, 224).item() == pytest.approx(400 / 136)


# --- L_reg, L_bin --------------------------------------------------------------------------------------------------


def test_regularisation(theta):
    """L_reg would count other parameters than its form names."""
    model = sum(float(value) ** 2 for part in theta[:3] for value in part.ravel())
    everything = sum(float(value) ** 2 for part in theta for value in part.ravel())
    given = tensors(*theta)
    assert_value(losses.regularisation_loss(*given), model / B / 224)
    assert_value(losses.regularisation_loss(*given, form="paper"), everything / B)
    assert_value(losses.regularisation_loss(*given, form="paper", reduction="mean"), everything / B / 45)


def test_binary(images):
    """L_bin would not push masks to 0 and 1 as its form does."""
    mask = images[2]
    squared = sum((float(value) - 0.5) ** 2 for value in mask.ravel())
    absolute = sum(abs(float(value) - 0.5) for value in mask.ravel())
    (given,) = tensors(mask)
    assert_value(losses.binary_loss(given), 0.5 - absolute / mask.size)
    assert_value(losses.binary_loss(given, form="paper"), -squared / B)
    assert_value(losses.binary_loss(given, form="paper", reduction="mean"), -squared / mask.size)


def test_binary_by_hand():
    """A binary mask is the best and a mask of one half the worst."""
    assert losses.binary_loss(torch.tensor([[[[0.0, 1.0]]]])).item() == 0
    assert losses.binary_loss(torch.full((1, 1, 1, 2), 0.5)).item() == 0.5


# --- Eq. 9, 10 -----------------------------------------------------------------------------------------------------


def test_likelihood(images):
    """Eq. 9 would not be a Gaussian's log-density, or the initialisation not average it over all pixels."""
    target, rendering, mask, _ = images
    sigma, total = 0.2, 0.0
    log_density = np.zeros((B, 1, S, S))
    for b in range(B):
        for y in range(S):
            for x in range(S):
                for c in range(3):
                    error = target[b, c, y, x] - rendering[b, c, y, x]
                    log_density[b, 0, y, x] += -(error**2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
                total += mask[b, 0, y, x] * log_density[b, 0, y, x]
    given = tensors(target, rendering, mask)
    np.testing.assert_allclose(losses.inlier_log_likelihood(*given[:2], sigma).numpy(), log_density, atol=TOLERANCE)
    assert_value(losses.likelihood_loss(*given, sigma), -total / (B * S * S))


def test_preliminary_mask():
    """Eq. 10 would threshold another error than the squared one summed over RGB."""
    target = torch.zeros(1, 3, 1, 3)
    rendering = torch.tensor([0.0, 0.2, 0.3]).expand(1, 3, 1, 3).clone().requires_grad_()
    mask = losses.preliminary_mask(target, rendering, 0.17)  # errors 0, 0.12, 0.27
    assert mask.tolist() == [[[[1, 1, 0]]]]
    assert not mask.requires_grad
