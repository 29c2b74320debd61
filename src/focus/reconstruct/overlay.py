"""overlay.png: the rendering and both sets of landmarks over the face's part of the photograph, below 3 MB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from focus.reconstruct.photo_view import Drawing
from focus.reconstruct.reconstructor import Face

MARGIN = 0.6  # around the landmarks, as a share of their longer side
LONGEST_SIDE = 960  # pixels; a PNG of so many is below 3 MB whatever it shows
SHARE = 0.75  # of the rendering over the photograph
GREEN, RED = (60, 220, 90), (230, 60, 50)


@dataclass(frozen=True)
class Window:
    """A part of a photograph, px: left, top, width, height; and its pixels to one of the overlay's, 1 or more."""

    left: int
    top: int
    width: int
    height: int
    step: float

    @classmethod
    def around(cls, face: Face, shape: tuple[int, ...]) -> Window:
        """Return the part of a photograph of `shape` (H,W,…) that shows a face; all of it where none of it would."""
        points = np.concatenate([face.landmarks, face.model_landmarks])
        margin, size = MARGIN * np.ptp(face.landmarks, axis=0).max(), (shape[1], shape[0])
        low = np.clip(np.floor(points.min(0) - margin), 0, size).astype(int)
        high = np.clip(np.ceil(points.max(0) + margin) + 1, 0, size).astype(int)
        if (high <= low).any():
            low, high = np.zeros(2, int), np.array(size)
        (left, top), (width, height) = low.tolist(), (high - low).tolist()
        return cls(left, top, width, height, max(1.0, max(width, height) / LONGEST_SIDE))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the overlay, px."""
        return max(1, round(self.width / self.step)), max(1, round(self.height / self.step))

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Return the part of an image (H,W,3)."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def to_overlay(self, points: np.ndarray) -> np.ndarray:
        """Map points (N,2) px of the photograph to pixels of the overlay."""
        return (points - (self.left, self.top) + 0.5) * self.size / (self.width, self.height) - 0.5

    def as_json(self) -> dict[str, int | float]:
        """Return the part's place for parameters.json."""
        width, _ = self.size
        place = {"left_px": self.left, "top_px": self.top, "width_px": self.width, "height_px": self.height}
        return {**place, "photograph_px_per_overlay_px": round(self.width / width, 6)}


def overlay(photo: np.ndarray, face: Face, drawing: Drawing) -> np.ndarray:
    """Return the overlay (h,w,3) uint8 of a face that was drawn into its photograph (H,W,3) uint8."""
    window = Window.around(face, photo.shape)
    canvas = Image.fromarray(np.ascontiguousarray(window.cut(photo)))
    layer = Image.new("RGBA", canvas.size)
    layer.paste(
        Image.fromarray(translucent(drawing, SHARE)), (drawing.corner[0] - window.left, drawing.corner[1] - window.top)
    )
    if window.step > 1:
        canvas, layer = (picture.resize(window.size, Image.Resampling.BOX) for picture in (canvas, layer))
    canvas.paste(layer.convert("RGB"), mask=layer.getchannel("A"))
    return with_dots(canvas, *map(window.to_overlay, (face.landmarks, face.model_landmarks)))


def translucent(drawing: Drawing, opacity: float) -> np.ndarray:
    """Return a drawing as (h,w,4) uint8 RGBA, of this opacity, 0..1, where it is drawn."""
    colours = np.rint(np.clip(drawing.values[..., :3], 0, 1) * 255).astype(np.uint8)
    return np.dstack([colours, np.uint8(round(255 * opacity)) * drawing.drawn])


def with_dots(canvas: Image.Image, found: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Draw landmarks (68,2) px on a picture: those found in green and the reconstruction's in red."""
    pen = ImageDraw.Draw(canvas)
    radius = max(1.0, float(np.ptp(found, axis=0).max()) / 150)
    for points, colour in ((found, GREEN), (model, RED)):
        for x, y in points.tolist():
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return np.asarray(canvas)
