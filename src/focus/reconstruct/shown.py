"""Where the photograph shows the face: what M and the hue call face, its edge found anew in the photograph's pixels.

M is as coarse as the crop, and the edge of what hides a face lies between its pixels, or one or two of them beside
what M says. The photograph's colours tell where: around each place they are fitted to the face and to what is none (the
guided filter of He, Sun and Tang 2010, its coefficients found at the crop's pixels, as in He and Sun 2015); what is
close to M's edge goes to the side that its colour says. The face only loses by this. Then strips and specks of face
between outliers go, as they are mostly the occluder's own lighter or redder places; the rest fades towards its edge.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt, uniform_filter, zoom

from focus.reconstruct.occlusion import mostly_within, part_pixels
from focus.reconstruct.photo_view import sample
from focus.reconstruct.reconstructor import Face

FINER = 4  # pixels per pixel of the crop
EDGE = (1 / 64, 3 / 64)  # distance to the edge, a share of the crop's side, from which a pixel counts, and in full
DOUBT = 2 / 64  # how far M's edge may be off, as a share of the crop's side
REACH = 4 / 64  # half a window of the guided filter: twice DOUBT, so that most of each side is what M says
CONTRAST = 0.03  # of colours 0..1: what differs by less is no edge


def shown_share(photo: np.ndarray, face: Face) -> np.ndarray:
    """Return (FINER S, FINER S) 0..1: how far a photograph (H,W,3) uint8 counts as the face's, over the crop of S px.

    0 at the edge of what M calls face and at the face's rim, 1 well inside.
    """
    inlier, size = inlier_in_crop(face), FINER * face.transform.size
    close_up = cut_finely(photo, face)
    fine = finer(inlier) >= 0.5
    doubtful = depth(fine) < DOUBT * size
    kept = wide(fine & ~(doubtful & (by_colour(inlier, face.rendered, close_up) < 0.5)), EDGE[1] * size)
    return ramp(depth(kept) / size, EDGE)


def inlier_in_crop(face: Face) -> np.ndarray:
    """Return (S,S) bool: what M calls face and nothing hides, with own eyes, brows and mouth, open or not."""
    inlier: np.ndarray = face.rendered & ~face.hidden & ((face.mask >= 0.5) | own_parts(face))
    inlier |= binary_fill_holes(face.rendered) & ~face.rendered  # an open mouth
    return inlier


def own_parts(face: Face) -> np.ndarray:
    """Return (S,S) bool: outliers that are the face's own eyes, brows, lips or teeth, as they lie within these."""
    points = [face.transform.to_crop(points) for points in (face.landmarks, face.model_landmarks)]
    return mostly_within(face.rendered & (face.mask < 0.5), part_pixels(points, face.transform.size))


def cut_finely(photo: np.ndarray, face: Face) -> np.ndarray:
    """Return the crop (FINER S, FINER S, 3) float32 0..1 as the photograph (H,W,3) uint8 shows it."""
    places = (np.arange(FINER * face.transform.size) + 0.5) / FINER - 0.5
    points = np.stack(np.meshgrid(places, places), axis=-1)
    pixels = sample(photo, face.transform.to_original(points).reshape(-1, 2))
    return pixels.reshape(*points.shape[:2], 3) / np.float32(255)


def by_colour(inlier: np.ndarray, known: np.ndarray, close_up: np.ndarray) -> np.ndarray:
    """Return (FINER S, FINER S), about 0 to 1: how far the colours around say that a pixel is an `inlier` (S,S) bool.

    In each window the inliers p are fitted by the colours I of the `close_up` (FINER S, FINER S, 3) at the `known`
    pixels (S,S) bool: p = a I + b with (Cov(I) + CONTRAST^2) a = Cov(I, p); a and b are the means of all windows.
    """
    side, window = len(inlier), 2 * max(1, round(REACH * len(inlier))) + 1
    weight = known.astype(np.float64)
    total = uniform_filter(weight, window).clip(0.5 / window**2)

    def mean(values: np.ndarray) -> np.ndarray:
        """Return the mean of values (S,S,C) over the known pixels of each window."""
        summed: np.ndarray = uniform_filter(values * weight[..., None], (window, window, 1)) / total[..., None]
        return summed

    colour = close_up.reshape(side, FINER, side, FINER, 3).mean((1, 3), dtype=np.float64)
    p = inlier.astype(np.float64)[..., None]
    mean_colour, mean_p = mean(colour), mean(p)
    pairs = mean((colour[..., :, None] * colour[..., None, :]).reshape(side, side, 9)).reshape(side, side, 3, 3)
    spread = pairs - mean_colour[..., :, None] * mean_colour[..., None, :] + CONTRAST**2 * np.eye(3)
    a = np.linalg.solve(spread, (mean(colour * p) - mean_colour * mean_p)[..., None])[..., 0]
    b = mean_p - (a * mean_colour).sum(-1, keepdims=True)
    found: np.ndarray = (finer(mean(a)) * close_up).sum(-1) + finer(mean(b))[..., 0]
    return found


def finer(picture: np.ndarray) -> np.ndarray:
    """Return a picture (S,S[,C]) enlarged FINER times, bilinear, between pixel centres."""
    factors = (FINER, FINER, 1)[: picture.ndim]
    enlarged: np.ndarray = zoom(picture.astype(np.float32), factors, order=1, mode="nearest", grid_mode=True)
    return enlarged


def depth(inside: np.ndarray) -> np.ndarray:
    """Return (S,S) px: how far the middle of each pixel of `inside` (S,S) bool is from its edge, below 0 elsewhere."""
    distance: np.ndarray = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] - 0.5
    return distance


def wide(inside: np.ndarray, radius: float) -> np.ndarray:
    """Return (S,S) bool: what of `inside` (S,S) bool a disk of this radius, px, reaches (an opening)."""
    middle = depth(inside) >= radius
    if not middle.any():
        return middle
    reached: np.ndarray = inside & (distance_transform_edt(~middle) <= radius)
    return reached


def ramp(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Return 0 up to the first end, 1 from the second on, and straight between."""
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1)
