"""Where the photograph shows the face: M's edge, found anew in the photograph's pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, binary_fill_holes

import bundles
from focus.reconstruct.photo_view import sample
from focus.reconstruct.shown import (
    DOUBT,
    EDGE,
    FINER,
    by_colour,
    cut_finely,
    depth,
    finer,
    inlier_in_crop,
    own_parts,
    ramp,
    shown_share,
    wide,
)

BLUE = np.array([[30, 60, 200], [60, 110, 235]])  # the stripes of a drawn mask


@pytest.fixture(scope="module")
def drawn():
    """A photograph and its face, everything of it called inlier."""
    image, points = bundles.photo()
    face = bundles.reconstructor()(image, landmarks=points, fit=30)
    return image, replace(face, mask=face.rendered.astype(np.float32), hidden=np.zeros_like(face.rendered))


@pytest.fixture(scope="module")
def masked(drawn):
    """A worn mask with a curved edge, drawn in the photograph's pixels: the photograph, the face, where the mask is.

    M misses the mask by DOUBT along its edge: it calls that much of it face.
    """
    image, face = drawn
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    x, y = face.model_landmarks[30]
    covers = rows > y - 0.005 * (columns - x) ** 2
    photo = np.where(covers[..., None], BLUE[rows // 3 % 2], image).astype(np.uint8)
    found = face.transform.crop_mask(covers.astype(np.uint8)) > 0
    missed = binary_erosion(found, np.ones((3, 3)), iterations=round(DOUBT * face.transform.size), border_value=1)
    return photo, replace(face, mask=(face.rendered & ~missed).astype(np.float32)), covers


def share_of_occluder(share, face, covers):
    """Return which share of what is shown is the occluder, and which share of the uncovered face is shown."""
    places = (np.arange(len(share)) + 0.5) / FINER - 0.5
    points = face.transform.to_original(np.stack(np.meshgrid(places, places), axis=-1)).reshape(-1, 2)
    covered = sample(covers[..., None].astype(np.float32), points).reshape(share.shape)
    rendered = np.kron(face.rendered, np.ones((FINER, FINER), bool))
    seen = share * rendered
    return (seen * covered).sum() / seen.sum(), (seen * (1 - covered)).sum() / (rendered * (1 - covered)).sum()


def test_the_occluders_edge_is_not_shown(masked):
    """A rim of the mask would be on the cheeks wherever M's edge lies beside the mask's own."""
    photo, face, covers = masked
    coarse = finer(inlier_in_crop(face)) >= 0.5
    before, _ = share_of_occluder(ramp(depth(coarse) / len(coarse), EDGE), face, covers)
    after, skin = share_of_occluder(shown_share(photo, face), face, covers)
    assert before > 0.01 and after < before / 4
    assert skin > 0.4


def test_an_edge_that_is_right_stays(masked):
    """The face would be eaten away around everything that hides some of it."""
    photo, face, covers = masked
    right = face.rendered & (face.transform.crop_mask(covers.astype(np.uint8)) == 0)
    found = by_colour(right, face.rendered, cut_finely(photo, face))
    inside, outside = (finer(binary_erosion(side, iterations=2)) >= 0.5 for side in (right, face.rendered & ~right))
    assert inside.any() and outside.any()
    assert np.mean(found[inside] > 0.5) > 0.95 and np.mean(found[outside] < 0.5) > 0.95


def test_without_an_outlier_nothing_changes(drawn):
    """Brows, eyes and lips would be taken for edges of something: their colours differ from the skin's."""
    image, face = drawn
    assert by_colour(face.rendered, face.rendered, cut_finely(image, face))[finer(face.rendered) == 1].min() > 0.99


def test_strips_and_specks_between_outliers_go():
    """Pieces of a mask would be shown that S and the hue let pass, one by one."""
    inside = np.zeros((40, 40), bool)
    inside[2:30, 2:30] = True  # a face
    inside[34:37, 2:30] = inside[10:13, 34:37] = True  # a strip and a speck
    left = wide(inside, 3.0)
    assert left[4:28, 4:28].all() and not left[31:].any() and not left[:, 31:].any()
    assert not wide(inside, 20.0).any() and not (left & ~inside).any()


def test_what_hides_the_face_is_not_shown(drawn):
    """A worn mask that S lets pass would be painted onto the face."""
    image, face = drawn
    rows = int(np.flatnonzero(face.rendered.any(1)).mean())
    hidden = face.rendered.copy()
    hidden[rows:] = False
    shown = shown_share(image, replace(face, hidden=hidden))
    assert shown_share(image, face).max() == 1 and shown[: FINER * rows].max() == 0 and shown.max() > 0.5


def test_the_rim_does_not_count(drawn):
    """Background would be on a turned cheek, where the mesh lies a pixel beside the face."""
    image, face = drawn
    whole = finer(binary_fill_holes(face.rendered)) >= 0.5
    rim = whole & ~binary_erosion(whole, iterations=FINER // 2)
    assert rim.any() and shown_share(image, face)[rim].max() == 0


def test_own_eyes_are_not_outliers(drawn):
    """Eyes, which S often calls outliers, would be the model's instead of the person's; sunglasses would be eyes."""
    _, face = drawn
    x, y = face.transform.to_crop(face.landmarks[36:42]).mean(0).round().astype(int)
    eye, glasses = face.mask.copy(), face.mask.copy()
    eye[y - 1 : y + 1, x - 1 : x + 2] = 0
    glasses[y - 2 : y + 6] = 0
    kept = own_parts(replace(face, mask=eye))
    assert kept.sum() > 0 and np.array_equal(kept, face.rendered & (eye < 0.5))
    assert not own_parts(replace(face, mask=glasses)).any() and not own_parts(face).any()


def test_the_close_up_is_the_crop(drawn):
    """The edge would be looked for beside the face: half a pixel of the crop, or x for y."""
    image, face = drawn
    side = face.transform.size
    coarse = cut_finely(image, face).reshape(side, FINER, side, FINER, 3).mean((1, 3))
    crop = face.transform.crop(image).astype(np.float32) / 255
    inside = binary_erosion(face.rendered, iterations=2)
    assert np.abs(coarse - crop)[inside].mean() < 0.02
    assert ramp(np.array([0.0, 1.5, 3.0]), (1.0, 2.0)).tolist() == [0, 0.5, 1]
