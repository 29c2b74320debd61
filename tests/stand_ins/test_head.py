"""The head behind the stand-in face model."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.bfm_file import outward
from focus.stand_ins.head import build_head


@pytest.mark.parametrize("count", [3600, 3601, 3657])
def test_exactly_as_many_vertices_as_asked_for(count):
    """The reader knows the Basel mesh by its number of vertices alone."""
    head = build_head(count)
    assert len(head.vertices) == count and head.spread.shape == (count, len(head.template.vertices))
    assert np.array_equal(np.unique(head.triangles), np.arange(count))


def test_is_one_surface_that_faces_outwards():
    """Normals would be wrong along the oval, and the renderer would cull what it should draw."""
    head = build_head(3651)
    edges = Counter((int(a), int(b)) for t in head.triangles for a, b in zip(t, np.roll(t, -1), strict=True))
    assert max(edges.values()) == 1, "two triangles run along an edge in the same direction"
    open_edges = [edge for edge in edges if edge[::-1] not in edges]
    assert len(open_edges) < 0.1 * len(head.vertices), "only the hole at the back is open"
    assert np.array_equal(outward(head.vertices, head.triangles), head.triangles)


def test_fields_fade_behind_the_oval():
    """A face's width would not go on over the head, or its eyes would be painted on the back of it."""
    head = build_head(3600)
    spread = head.spread @ np.ones(len(head.template.vertices))
    face = len(head.template.vertices)
    assert np.allclose(spread[:face], 1) and 0 < spread.min() < 0.1
    assert np.all(np.diff([spread[head.vertices[:, 2] < z].mean() for z in (-100, -50, 0, 50)]) > 0)


def test_too_few_vertices_are_refused():
    """There would be a mesh of another size than the one asked for."""
    with pytest.raises(FocusError, match="stand-in head: 300 vertices; expected"):
        build_head(300)
