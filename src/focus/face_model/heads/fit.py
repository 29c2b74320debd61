"""Fits the embedded model: principal components of random heads' faces, as the Basel model's are of scanned ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focus.errors import FocusError
from focus.face_model.bfm_file import ORIGIN, BfmArrays, LinearModel
from focus.face_model.heads.generator import FaceGenerator

NAME = "embedded face model (MakeHuman heads)"
LICENCE = "made by code from CC0 assets of MakeHuman (MPFB2) and of the Face Units pack; same licence as this project"


def principal_components(samples: NDArray[np.floating], components: int) -> LinearModel:
    """PCA of samples (n,V,3): the first `components` directions, in order of falling variance (divisor n - 1).

    Solved through the n x n Gram matrix, since n is far below 3V: three seconds for 1,000 faces, where scikit-learn's
    full SVD takes 25. The sign of a component is fixed by making its largest entry positive, so equal samples give
    equal bytes.
    """
    n = len(samples)
    if not 1 <= components < n:
        raise FocusError(f"embedded face model: {components} components from {n} samples; expected fewer than samples")
    mean = samples.mean(0, dtype=np.float64)
    centred = (samples - mean).reshape(n, -1)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    if values[-1] <= 1e-9 * values[0]:
        raise FocusError(f"embedded face model: {components} components asked for; the samples vary in fewer")
    basis = centred.T @ (vectors / np.sqrt(values))
    largest = np.abs(basis).argmax(0)
    basis *= np.sign(basis[largest, np.arange(components)])
    return LinearModel(mean, basis, values / (n - 1))


def build_embedded_model(
    generator: FaceGenerator, rng: np.random.Generator, samples: int, shape: int, expression: int, albedo: int
) -> BfmArrays:
    """Draw `samples` plain faces (nothing held out) and fit the model; the result is what `write_bfm` takes.

    Args:
        generator: where the faces come from; its template is the model's mesh.
        rng: the draws; equal generators give equal arrays, bit for bit, on one machine type.
        samples: number of faces; at least one more than the components asked for.
        shape: number of shape components.
        expression: number of expression components, at most 46 (there are so many independent facial actions).
        albedo: number of albedo components, at most about 60.
    """
    template = generator.template
    faces = generator.sample_shape(samples, rng).astype(np.float64)
    expressions = generator.sample_expression(samples, rng)
    colours = generator.sample_albedo(samples, rng)[0]
    return BfmArrays(
        shape=principal_components(faces + ORIGIN, shape),
        expression=principal_components(expressions, expression),
        colour=principal_components(colours, albedo),
        triangles=template.triangles,
        landmarks68=template.landmarks68,
        landmarks_now=template.landmarks_now,
        name=NAME,
        licence=LICENCE,
    )
