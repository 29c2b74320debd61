"""`Reconstructor`: photographs in; faces with their 3D model, mask and verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
import torch
from torch import Tensor

from focus.datasets.crop import CropTransform, deep3d_crop
from focus.errors import FocusError
from focus.face_model import FaceModel
from focus.landmarks import Detector, mediapipe_files
from focus.landmarks.detectors import face_alignment
from focus.landmarks.detectors.face_alignment import FaceAlignmentDetector
from focus.landmarks.detectors.mediapipe import MediaPipeDetector
from focus.masks.sources import segmentation as segment
from focus.methods.misfit_prior import correct
from focus.model.autoencoder import Parameters
from focus.model.inference import MaskedPrediction
from focus.model.perception import Perception
from focus.reconstruct.bundle import DEMO, Bundle, load_bundle
from focus.reconstruct.fit import Fitter, Progress
from focus.reconstruct.occlusion import RegionMap, Verdict, hidden_pixels, verdict

DRAWN_FIT = 60  # steps of refinement for a model that saw only drawn faces


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face waiting for its reconstruction: its crop (S,S,3) uint8, landmarks (68,2) px of the photograph, the map."""

    crop: np.ndarray
    landmarks: np.ndarray
    transform: CropTransform


@dataclass(frozen=True, eq=False)
class Face:
    """One reconstructed face.

    Attributes:
        landmarks: (68,2) px of the photograph as detected or given, iBUG order, x right, y down.
        parameters: the latents, each (1,K); units in `focus.model.autoencoder.Parameters`.
        vertices: (V,3) float32 mm, the face with its expression in the model frame (x right, y up, z to the viewer).
        neutral: (V,3) float32 mm, the same without expression.
        albedo: (V,3) float32 RGB, 0..1.
        posed: (V,3) float32 mm, what was rendered: with expression, without the misfit prior's correction.
        rendering: (S,S,3) float32 RGB of the crop, 0 outside the face; rendered: (S,S) bool, where it is drawn.
        mask: (S,S) float32, M: 1 face, 0 outlier, 0 where nothing is rendered.
        hidden: (S,S) bool, what hides the face, by which `verdict` goes (`focus.reconstruct.occlusion`).
        model_landmarks: (68,2) px of the photograph, where the reconstruction has its landmarks.
        transform: between pixels of the photograph and of the crop.
        verdict: outlier fractions, and whether the face counts as occluded.
        fitted: steps of refinement, 0 for the encoder's answer alone.
        corrected: whether the misfit prior was subtracted from `vertices` and `neutral`.
    """

    landmarks: np.ndarray
    parameters: Parameters
    vertices: np.ndarray
    neutral: np.ndarray
    albedo: np.ndarray
    posed: np.ndarray
    rendering: np.ndarray
    rendered: np.ndarray
    mask: np.ndarray
    hidden: np.ndarray
    model_landmarks: np.ndarray
    transform: CropTransform
    verdict: Verdict
    fitted: int
    corrected: bool


class Reconstructor:
    """R, S and what belongs to them, ready for photographs: `face = Reconstructor.load()(image)`."""

    def __init__(self, bundle: Bundle, device: torch.device | str = "cpu", finder: Detector | None = None) -> None:
        """`finder`: who finds faces; None takes MediaPipe's networks, else face-alignment.

        Each is taken where its files are installed.
        """
        self.bundle, self.device = bundle, torch.device(device)
        self.autoencoder = bundle.autoencoder(device)
        self.segmentation = bundle.networks["segmentation"].to(device).eval().requires_grad_(False)
        perception = Perception(bundle.networks["recogniser"].to(device), bundle.sizes.recogniser_side)
        self.fitter = Fitter(self.autoencoder, self.segmentation, perception, bundle.fit_loss)
        self.autoencoder.requires_grad_(False)
        self._finder = finder

    @classmethod
    def load(cls, model: str | Path = DEMO, device: torch.device | str = "cpu") -> Reconstructor:
        """Load a bundle by path, or by name from the package. Raises FocusError in one line when it does not fit."""
        return cls(load_bundle(model), device)

    @property
    def model(self) -> FaceModel:
        """The face model: the full mesh that is exported."""
        return self.bundle.face_model

    @property
    def default_fit(self) -> int:
        """Steps of refinement when nobody says otherwise: some for a model trained on drawn faces, else none."""
        return DRAWN_FIT if self.bundle.card.drawn_faces else 0

    @cached_property
    def finder(self) -> Detector:
        """Who finds faces and landmarks."""
        if self._finder is not None:
            return self._finder
        if mediapipe_files.is_here():
            return MediaPipeDetector(self.device)
        if face_alignment.is_here():
            return FaceAlignmentDetector(str(self.device))
        raise FocusError(
            "photograph: found no landmark detector, expected one by `focus detector install`, or --landmarks"
        )

    @cached_property
    def regions(self) -> RegionMap:
        """Where the regions of the face are in a rendering."""
        return RegionMap(self.autoencoder.model, self.autoencoder.renderer)

    @overload
    def __call__(
        self,
        images: np.ndarray,
        *,
        landmarks: np.ndarray | None = None,
        fit: int | None = None,
        misfit_prior: bool = True,
    ) -> Face: ...

    @overload
    def __call__(
        self,
        images: Sequence[np.ndarray],
        *,
        landmarks: np.ndarray | Sequence[np.ndarray] | None = None,
        fit: int | None = None,
        misfit_prior: bool = True,
    ) -> list[Face]: ...

    def __call__(
        self,
        images: np.ndarray | Sequence[np.ndarray],
        *,
        landmarks: np.ndarray | Sequence[np.ndarray] | None = None,
        fit: int | None = None,
        misfit_prior: bool = True,
    ) -> Face | list[Face]:
        """Reconstruct the largest face of each photograph.

        Args:
            images: (H,W,3) uint8 RGB, or a sequence of such, of any sizes; a sequence gives a list in its order.
            landmarks: (68,2) px of each photograph, iBUG order; None detects them.
            fit: steps of refinement; None takes `default_fit`.
            misfit_prior: subtract E_MP (Eq. 11) from the meshes.

        Raises:
            FocusError: a photograph without a face, or landmarks from which no face follows.
        """
        if isinstance(images, np.ndarray):
            only = None if landmarks is None else [np.asarray(landmarks)]
            return self([images], landmarks=only, fit=fit, misfit_prior=misfit_prior)[0]
        points: Sequence[np.ndarray | None] = [None] * len(images) if landmarks is None else [*landmarks]
        found = [self.crop_all(image, given)[0] for image, given in zip(images, points, strict=True)]
        return self.reconstruct(found, fit=fit, misfit_prior=misfit_prior)

    def crop_all(
        self, image: np.ndarray, landmarks: np.ndarray | Sequence[np.ndarray] | None = None
    ) -> list[FoundFace]:
        """Return all faces of a photograph (H,W,3) uint8, largest first, or those whose landmarks (68,2) are given.

        Faces that are too small to be cut out are passed over. Raises FocusError when none is left.
        """
        if landmarks is None:
            faces = [face.landmarks for face in self.finder.detect([image])[0]]
        else:
            faces = list(landmarks) if np.ndim(landmarks) == 3 else [np.asarray(landmarks)]
        cut: list[FoundFace] = []
        reason = f"no face found by {self.finder.name}" if landmarks is None else "no landmarks given"
        for points in faces:
            try:
                cut.append(self.cut(image, points))
            except FocusError as error:
                reason = str(error)
        if not cut:
            raise FocusError(reason)
        return cut

    def cut(self, image: np.ndarray, landmarks: np.ndarray) -> FoundFace:
        """Cut one face out of a photograph by its landmarks (68,2) px. Raises FocusError where no face follows."""
        points = np.asarray(landmarks, np.float32)
        crop, _, transform = deep3d_crop(image, points, self.bundle.sizes.side)
        return FoundFace(crop, points, transform)

    def reconstruct(
        self,
        found: Sequence[FoundFace],
        *,
        fit: int | None = None,
        misfit_prior: bool = True,
        progress: Progress | None = None,
    ) -> list[Face]:
        """Reconstruct cropped faces as one batch; `progress` is called with the steps done."""
        if not found:
            return []
        steps = self.default_fit if fit is None else fit
        images = torch.from_numpy(np.stack([face.crop for face in found])).permute(0, 3, 1, 2).float().div_(255)
        points = np.stack([face.transform.to_crop(face.landmarks) for face in found])
        images, landmarks = images.to(self.device), torch.from_numpy(points).float().to(self.device)
        prediction = self.solve(images, landmarks, steps, progress)
        pixels = self.regions(prediction.parameters).cpu().numpy()
        hidden = [self.hidden(prediction, images, landmarks, regions, i) for i, regions in enumerate(pixels)]
        return [
            self._face(one, prediction, i, pixels[i], hidden[i], steps, misfit_prior) for i, one in enumerate(found)
        ]

    def solve(
        self, images: Tensor, landmarks: Tensor, steps: int, progress: Progress | None = None
    ) -> MaskedPrediction:
        """Return what R and S make of crops (B,3,S,S) in [0,1] with landmarks (B,68,2) px, refined by `steps` steps."""
        with torch.no_grad():
            parameters = self.autoencoder.encode(images)
        if steps:
            parameters = self.fitter(images, landmarks, parameters, steps, progress)
        with torch.no_grad():
            result = self.autoencoder.decode(parameters)
            mask = segment(images, result.image, result.mask, None, self.segmentation)
        return MaskedPrediction(result.image, result.mask, mask, result.landmarks, parameters)

    def hidden(
        self, prediction: MaskedPrediction, images: Tensor, landmarks: Tensor, regions: np.ndarray, i: int
    ) -> np.ndarray:
        """Return (S,S) bool, what hides face i of a batch.

        The batch: crops (B,3,S,S) in [0,1], found landmarks (B,68,2) px; the face: its regions (S,S).
        """
        image, rendering = (batch[i].permute(1, 2, 0).cpu().numpy() for batch in (images, prediction.images))
        points = [batch[i].cpu().numpy() for batch in (landmarks, prediction.landmarks)]
        rendered, mask = prediction.rendered[i, 0].cpu().numpy() > 0, prediction.mask[i, 0].cpu().numpy()
        return hidden_pixels(image, rendering, rendered, mask, regions, points)

    def _face(
        self,
        found: FoundFace,
        prediction: MaskedPrediction,
        i: int,
        regions: np.ndarray,
        hidden: np.ndarray,
        steps: int,
        misfit_prior: bool,
    ) -> Face:
        latents = prediction.parameters.map(lambda part: part[i : i + 1].cpu())
        model = self.model
        posed = model.geometry(latents.shape, latents.expression)[0]
        neutral, vertices = model.neutral(latents.shape)[0], posed
        if misfit_prior:
            neutral, vertices = (correct(mesh, self.bundle.misfit_prior) for mesh in (neutral, posed))
        mask = prediction.mask[i, 0].cpu().numpy()
        rendered = prediction.rendered[i, 0].cpu().numpy() > 0
        threshold = self.bundle.thresholds["fit" if steps else "forward"]
        return Face(
            landmarks=found.landmarks,
            parameters=latents,
            vertices=vertices.numpy(),
            neutral=neutral.numpy(),
            albedo=model.albedo(latents.albedo)[0].clamp(0, 1).numpy(),
            posed=posed.numpy(),
            rendering=prediction.images[i].permute(1, 2, 0).clamp(0, 1).cpu().numpy(),
            rendered=rendered,
            mask=mask,
            hidden=hidden,
            model_landmarks=found.transform.to_original(prediction.landmarks[i].cpu().numpy()).astype(np.float32),
            transform=found.transform,
            verdict=verdict(hidden, mask, rendered, regions, threshold),
            fitted=steps,
            corrected=misfit_prior,
        )
