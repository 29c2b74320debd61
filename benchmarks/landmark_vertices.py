"""Where MediaPipe sees iBUG's points on the heads: `python -m benchmarks.landmark_vertices` prints mesh.py's `_SEEN`.

People of no world are photographed without occluders. Each point of the right half is compared, together with its
mirror image on the left, with every vertex of the skin within `REACH_MM` of the vertex of anatomy, in the face's frame
and in per cent of its side (`benchmarks.detectors`). Of the vertices whose RMS distance from the points found is within
`SLACK` of the least, the nearest to the vertex of anatomy is taken, and none twice.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from benchmarks.detectors import LEVEL, SIDE, draw_scenes, find, in_the_faces_frame
from focus.emulation.photograph import Studio
from focus.face_model.heads import FaceGenerator
from focus.face_model.heads.heads import load_heads
from focus.face_model.heads.makehuman import MakeHuman
from focus.face_model.heads.mesh import _ANATOMY, _LEFT, _skin
from focus.landmarks.detectors.mediapipe import MediaPipeDetector
from focus.rendering import Camera

SEED, PEOPLE = 20261129, 300
REACH_MM, SLACK = 22.0, 1.03
FURTHEST = 15.0  # per cent; a point that is off by more counts as off by so much


def seen(people: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points found (N,68,2), those of anatomy, and all vertices (N,V,2), px, of the N faces that are found."""
    generator = FaceGenerator(LEVEL, seed)
    studio, camera = Studio(generator.template, SIDE, SIDE), Camera(SIDE)
    _, scenes = draw_scenes(studio, generator, people, seed, occluded=False)
    scenes = list(scenes)
    shots = list(studio.take(scenes))
    points, _ = find(MediaPipeDetector(portraits=True), np.stack([shot.image for shot in shots]))
    vertices, pose = (torch.from_numpy(np.stack([getattr(s, name) for s in scenes])) for name in ("vertices", "pose"))
    found = ~np.isnan(points[:, 0, 0])
    projected = camera.project(vertices, pose)[found, :, :2].numpy()
    return points[found], projected[:, generator.template.anatomy68], projected


def choose(points: np.ndarray, anatomy: np.ndarray, vertices: np.ndarray) -> dict[int, tuple[int, float, float]]:
    """Return, for each point of the right half, a base vertex, and its median offset and RMS distance, per cent."""
    base, mean = MakeHuman().base, load_heads().mean
    skin = np.unique(_skin(base, mean)[0])  # in this order a mesh's first vertices, at every level
    place = {int(vertex): column for column, vertex in enumerate(skin)}
    outside = np.intersect1d(skin, base.quads["head"])
    mirrored = {right: number for number, right in _LEFT.items()}
    chosen: dict[int, tuple[int, float, float]] = {}
    for number, vertex in _ANATOMY.items():
        distance = np.linalg.norm(mean[outside] - mean[vertex], axis=1)
        alike = (base.mirror[outside] == outside) == (base.mirror[vertex] == vertex)
        near = outside[(distance < REACH_MM) & alike & (mean[outside, 0] < 0.5)]
        near = np.setdiff1d(near, [taken for taken, _, _ in chosen.values()])
        sides = (number, near, 1), (mirrored.get(number, number), base.mirror[near], -1)
        off = np.concatenate([
            in_the_faces_frame(vertices[:, [place[v] for v in ids]] - points[:, point, None], anatomy) * (way, 1)
            for point, ids, way in sides
        ])  # fmt: skip
        rms = np.sqrt(np.minimum(np.square(off).sum(2), FURTHEST**2).mean(0))
        good = np.flatnonzero(rms <= SLACK * rms.min())
        best = good[np.argmin(np.linalg.norm(mean[near[good]] - mean[vertex], axis=1))]
        chosen[number] = int(near[best]), float(np.linalg.norm(np.median(off[:, best], axis=0))), float(rms[best])
    return chosen


def main() -> None:
    """Print a line per point, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    chosen = choose(*seen(arguments.people, arguments.seed))
    for number, (vertex, offset, rms) in chosen.items():
        print(f"{number}: vertex {vertex}, median offset {offset:.2f} %, RMS distance {rms:.2f} %")
    print({number: vertex for number, (vertex, _, _) in chosen.items()})


if __name__ == "__main__":
    main()
