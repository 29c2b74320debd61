"""What hides a face, and from which share of it on it counts as occluded."""

from __future__ import annotations

import numpy as np
import pytest

from focus.face_model import REGIONS
from focus.reconstruct.occlusion import (
    OFF_COLOUR,
    hidden_pixels,
    hue_distance,
    mostly_within,
    occlusion_score,
    outlier_fraction,
    part_pixels,
    verdict,
)

SIZE = 64
SKIN = np.array([0.8, 0.6, 0.5])


@pytest.fixture
def clean():
    """A crop of plain skin under a light that falls off, its rendering of half the brightness, no outlier, points."""
    shade = np.linspace(1, 0.5, SIZE)[:, None, None]
    rendered = np.zeros((SIZE, SIZE), bool)
    rendered[6:58, 10:54] = True
    points = np.full((68, 2), 60.0)  # brows, eyes and mouth lie in a corner, beside the face
    return {
        "image": np.broadcast_to(shade * SKIN, (SIZE, SIZE, 3)).copy(),
        "rendering": np.broadcast_to(0.5 * SKIN, (SIZE, SIZE, 3)) * rendered[..., None],
        "rendered": rendered,
        "mask": rendered.astype(np.float32),
        "pixels": np.where(rendered, REGIONS.index("cheeks"), -1),
        "points": [points],
    }


def test_light_hides_nothing(clean):
    """Shadows, and a photograph with a tint of its own, would count as occluders."""
    assert not hidden_pixels(**clean).any()
    clean["image"] = clean["image"] * (1.0, 0.8, 0.6)
    assert not hidden_pixels(**clean).any()


@pytest.mark.parametrize("colour", [(0.4, 0.6, 0.8), (0.9, 0.9, 0.9), (0.2, 0.5, 0.4), (0.9, 0.8, 0.3)])
def test_worn_masks_that_s_lets_pass(clean, colour):
    """A blue, white, green or yellow mask would be a part of the face, as the light takes on its colour."""
    clean["image"][36:] = colour
    hidden = hidden_pixels(**clean)
    assert hidden[38:56, 12:52].all() and not hidden[:35].any()


def test_reddened_skin_hides_nothing(clean):
    """Flushed cheeks and make-up would be occluders."""
    clean["image"][30:40, 14:24] *= (0.94, 0.77, 0.76)
    assert 0.1 < hue_distance(clean["image"], clean["rendering"], clean["rendered"])[35, 20] < OFF_COLOUR
    assert not hidden_pixels(**clean).any()


def test_outliers_hide_but_eyes_and_rims_do_not(clean):
    """Every face with open eyes, or with a mesh a pixel beside it, would count as occluded; or none would."""
    eye = np.array([[20, 20], [22, 18], [25, 18], [27, 20], [25, 22], [22, 22]])
    clean["points"][0][36:42] = eye
    clean["mask"][18:23, 20:28] = 0  # the eye
    clean["mask"][6:8] = clean["mask"][:, 10:12] = 0  # the rim, two pixels
    assert not hidden_pixels(**clean).any()
    clean["mask"][40:50, 20:40] = 0  # a hand
    hidden = hidden_pixels(**clean)
    assert hidden[40:50, 20:40].all() and hidden.sum() == 200


def test_a_beard_hides_nothing_but_a_scarf_does(clean):
    """Every beard would be an occluder, as S calls it an outlier; or a scarf below the nose be none."""
    clean["pixels"][40:] = np.where(clean["rendered"][40:], REGIONS.index("chin"), -1)
    clean["image"][40:] *= 0.3  # dark, of the skin's hue
    clean["mask"][40:] = 0
    assert not hidden_pixels(**clean).any()
    clean["image"][40:] = (0.2, 0.3, 0.6)
    assert hidden_pixels(**clean)[42:56, 12:52].all()


def test_glasses_are_no_eyes():
    """What covers the eyes and more would be taken for the eyes."""
    eye = np.array([[20, 20], [22, 18], [25, 18], [27, 20], [25, 22], [22, 22]], float)
    points = np.full((68, 2), 60.0)
    points[36:42] = eye
    parts = part_pixels([points], SIZE)
    small, large = (np.zeros((SIZE, SIZE), bool) for _ in range(2))
    small[18:23, 20:28] = True
    large[12:28, 12:50] = True
    assert np.array_equal(mostly_within(small, parts), small) and not mostly_within(large, parts).any()


def test_no_face_has_no_hue():
    """A rendering outside the crop would end in a warning of numpy's, or in NaN."""
    nothing = np.zeros((8, 8, 3))
    assert not hue_distance(nothing, nothing, np.zeros((8, 8), bool)).any()


def test_verdict_counts_rendered_pixels():
    """Background would count as occlusion."""
    rendered = np.zeros((4, 4), bool)
    rendered[:2] = True
    mask = np.where(np.arange(16).reshape(4, 4) < 6, 1.0, 0.0)
    regions = np.where(rendered, 1, -1)
    found = verdict(mask < 0.5, mask, rendered, regions, 0.2)
    assert found.outlier_fraction == 0.25 and found.occluded and found.regions["forehead"] == 0.25
    assert found.regions["nose"] is None and "other" not in found.regions
    assert found.parts["nose"] is None and 0 < found.parts["forehead"] == found.score < 1
    nowhere = np.zeros((4, 4), bool)
    assert outlier_fraction(mask, nowhere) == occlusion_score(mask < 0.5, nowhere) == 1.0


def test_score_looks_at_the_middle():
    """A mesh one pixel beside the face would count as occluded as much as a hand before the nose."""
    rendered = np.pad(np.ones((7, 7), bool), 1)
    rim, nose = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    rim[1], nose[4, 1:8] = True, True
    assert outlier_fraction(~rim, rendered) == outlier_fraction(~nose, rendered)
    assert 0 < occlusion_score(rim, rendered) < occlusion_score(nose, rendered) < 1
    assert occlusion_score(np.zeros((9, 9), bool), np.ones((9, 9), bool)) == 0.0


def test_score_passes_over_eyes():
    """What is before the eyes alone, as their own lids are, would call a face occluded; and a face mask would not."""
    rendered, pixels = np.ones((8, 8), bool), np.full((8, 8), REGIONS.index("cheeks"))
    pixels[:2], pixels[2:4, 2:6], pixels[6:] = (REGIONS.index(name) for name in ("left eye", "nose", "mouth"))
    eyes, covered = pixels == REGIONS.index("left eye"), np.zeros((8, 8), bool)
    covered[4:] = True
    judged = verdict(eyes, ~eyes, rendered, pixels, 0.1)
    assert judged.score == 0 and not judged.occluded
    judged = verdict(covered, ~covered, rendered, pixels, 0.1)
    assert judged.occluded and judged.parts["nose"] == 0 < judged.score < judged.parts["mouth"]
    nothing = verdict(covered, ~covered, rendered, np.full((8, 8), REGIONS.index("left eye")), 0.1)
    assert nothing.score == 1 and nothing.occluded
