"""Mesh and landmark files."""

import numpy as np
import pytest

from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points, write_obj, write_ply
from focus.errors import FocusError
from focus.files import write_npy, write_text

VERTICES = np.array([[0.0, 0, 0], [10, 0, 0], [0, 10.5, 0], [0, 0, -10]])
FACES = np.array([[0, 2, 1], [0, 1, 3]])
COLOURS = np.array([[0.0, 0.2, 1], [1, 0, 0], [0, 1, 0], [0.4, 0.4, 0.4]])
POINTS = np.arange(21, dtype=float).reshape(7, 3)


@pytest.mark.parametrize(("suffix", "writer"), [("obj", write_obj), ("ply", write_ply)])
@pytest.mark.parametrize("colours", [None, COLOURS])
def test_round_trip_and_stable_bytes(tmp_path, suffix, writer, colours):
    """Meshes would change on disk, or their hashes between two runs."""
    for name in ("a", "b"):
        writer(tmp_path / f"{name}.{suffix}", VERTICES, FACES, colours)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    vertices, triangles, found = read_mesh(tmp_path / f"a.{suffix}")
    np.testing.assert_allclose(vertices, VERTICES, atol=1e-6)
    np.testing.assert_array_equal(triangles, FACES)
    assert vertices.dtype == np.float64 and triangles.dtype == np.int64
    assert found is None if colours is None else np.abs(found - colours).max() < 0.003


def test_obj_has_no_negative_zero(tmp_path):
    """Two equal meshes would have different bytes."""
    write_obj(tmp_path / "a.obj", np.array([[-1e-9, 0, 0], [1, 0, 0], [0, 1, 0]]), [[0, 1, 2]])
    assert "-0.000000" not in (tmp_path / "a.obj").read_text()


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ("f 1 2 3", [[0, 1, 2]]),
        ("f 1/1 2/2 3/3\nf 1/4 3/5 4/6", [[0, 1, 2], [0, 2, 3]]),
        ("f 1//7 2//7 3//7", [[0, 1, 2]]),
        ("f 1/2/3 2/2/3 3/2/3  # comment", [[0, 1, 2]]),
        ("f 1 2 3 4", [[0, 1, 2], [0, 2, 3]]),
        ("f 1/1 2/1 3/1 4/1\nf\t1 2 4", [[0, 1, 2], [0, 2, 3], [0, 1, 3]]),
        ("f -4 -3 -1", [[0, 1, 3]]),
        ("f 1 2 \\\n3", [[0, 1, 2]]),
        ("f 1 1 1", [[0, 0, 0]]),
    ],
)
def test_obj_faces(tmp_path, faces, expected):
    """A face form in use would be misread; texture coordinates would split vertices."""
    text = f"# made by hand\nmtllib x.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\ng face\n{faces}"
    write_text(tmp_path / "x.obj", text)  # no newline at the end
    vertices, triangles, colours = read_mesh(tmp_path / "x.obj")
    assert vertices.shape == (4, 3) and triangles.tolist() == expected and colours is None


@pytest.mark.parametrize("line", [b"o \xb3\x5c", "g \u8868".encode("cp932"), b"mtllib C:\\x\\", b"usemtl \xa5\x5c"])
def test_a_letter_that_ends_in_a_backslash_continues_nothing(tmp_path, line):
    """In Big5 and Shift-JIS a name's last byte may be one: the vertex after it would be lost, and all faces moved."""
    rows = b"v 9 9 9\nv 0 0 0\nv 1 0 0\nv 0 1 0\n", b"f 1 2 3\nf 2 3 \\\n4\n"
    (tmp_path / "x.obj").write_bytes(line + b"\n" + rows[0] + line + b"\n" + rows[1])
    vertices, triangles, _ = read_mesh(tmp_path / "x.obj")
    assert vertices[0].tolist() == [9, 9, 9] and triangles.tolist() == [[0, 1, 2], [1, 2, 3]]


def test_obj_colours_of_255_and_windows_lines(tmp_path):
    """Coloured scans would be read as geometry of six columns."""
    (tmp_path / "x.obj").write_bytes(b"v 0 0 0 255 0 51\r\nv 1 0 0 0 0 0\r\nv 0 1 0 0 0 0\r\nf 1 2 3\r\n")
    vertices, _, colours = read_mesh(tmp_path / "x.obj")
    assert vertices.shape == (3, 3) and colours[0].tolist() == [1, 0, 0.2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "0 vertices and 0 faces"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\n", "3 vertices and 0 faces"),
        ("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", "vertex 2 .* expected finite"),
        ("v 0 0 0\nv 1e999 0 0\nv 0 1 0\nf 1 2 3\n", "vertex 2"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "face 1 names a vertex outside 1..3"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 0 1 2\n", "face 2 names"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -4\n", "face 1 names"),
        ("v 0 0 0\nv 1 0\nv 0 1 0\nf 1 2 3\n", "vertices with"),
        ("v 0 0 zero\nf 1 1 1\n", "not a row of numbers"),
        ("v 0 0 0\nf 1 2\n", "a face with 2 corners"),
        ("v 0 0 0\nf a b c\n", "not a row of vertex numbers"),
        ("v 0 0 0\nf 1 1 99999999999999999999\n", "not a row of vertex numbers"),
    ],
)
def test_bad_obj(tmp_path, text, complaint, one_line):
    """A damaged mesh would be evaluated, or end in a traceback."""
    write_text(tmp_path / "x.obj", text)
    with pytest.raises(FocusError, match=complaint) as error:
        read_mesh(tmp_path / "x.obj")
    assert one_line(error.value)


def test_text_ply_with_quads(tmp_path):
    """Text .ply files of other methods could not be read."""
    header = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    body = "element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n"
    write_text(tmp_path / "x.ply", header + body)
    vertices, triangles, _ = read_mesh(tmp_path / "x.ply")
    assert vertices.shape == (4, 3) and triangles.shape == (2, 3)


def test_bad_ply_missing_file_and_extension(tmp_path):
    """A truncated .ply, or a file of another kind, would end in a traceback."""
    write_ply(tmp_path / "x.ply", VERTICES, FACES)
    (tmp_path / "x.ply").write_bytes((tmp_path / "x.ply").read_bytes()[:-20])
    with pytest.raises(FocusError, match=r"x\.ply"):
        read_mesh(tmp_path / "x.ply")
    for name, complaint in [("y.ply", "no such file"), ("y.obj", "no such file"), ("y.stl", "expected a .obj or .ply")]:
        with pytest.raises(FocusError, match=complaint):
            read_mesh(tmp_path / name)


def _picked(points, active="1"):
    rows = "".join(f'<point x="{x}" y="{y}" z="{z}" active="{active}" name="n"/>' for x, y, z in points)
    return f"<!DOCTYPE PickedPoints>\n<PickedPoints>{rows}</PickedPoints>"


def test_picked_points(tmp_path):
    """The scans' landmarks could not be read: MeshLab writes a DOCTYPE line, and keeps inactive points."""
    text = _picked(POINTS).replace("</Picked", '<point x="9" y="9" z="9" active="0" name="x"/></Picked')
    write_text(tmp_path / "x.pp", text)
    np.testing.assert_array_equal(read_picked_points(tmp_path / "x.pp"), POINTS)


@pytest.mark.parametrize("active", ["1", "", "true", "false"])
def test_points_are_inactive_by_0_alone(tmp_path, active):
    """Points that MeshLab shows would be left out: it writes 1 or 0, and takes all that is not 0 for active."""
    write_text(tmp_path / "x.pp", _picked(POINTS, active))
    np.testing.assert_array_equal(read_picked_points(tmp_path / "x.pp"), POINTS)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not MeshLab"),
        (_picked(POINTS[:6]), r"shape \(6, 3\)"),
        (_picked(POINTS, active="0"), r"shape \(0,\)"),
        (_picked(POINTS).replace('x="0.0"', 'x="nan"'), "not finite"),
        (_picked(POINTS).replace('x="0.0"', 'u="0.0"'), "not MeshLab"),
        ('<!DOCTYPE p [<!ENTITY a "b">]><p>&a;</p>', "entities"),
    ],
)
def test_bad_picked_points(tmp_path, text, complaint, one_line):
    """A wrong number of landmarks would align the scans wrongly; entities could expand without end."""
    write_text(tmp_path / "x.pp", text)
    with pytest.raises(FocusError, match=complaint) as error:
        read_picked_points(tmp_path / "x.pp")
    assert one_line(error.value)


def test_landmark_files(tmp_path):
    """One of the benchmark's three forms of landmarks could not be read."""
    write_npy(tmp_path / "a.npy", POINTS.astype(np.float32))
    write_npy(tmp_path / "b.npy", POINTS[None])
    write_text(tmp_path / "c.txt", "\n".join(f"{x} {y},{z}" for x, y, z in POINTS) + "\n\n")
    for name in ("a.npy", "b.npy", "c.txt"):
        found = read_landmarks(tmp_path / name)
        np.testing.assert_array_equal(found, POINTS)
        assert found.dtype == np.float64


PLY = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
PLY += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"


@pytest.mark.parametrize(
    ("reader", "name", "text"),
    [
        (read_mesh, "a.obj", "v 0 0 0\nv 1 0 0\nv 0 @ 0\nf 1 2 3\n"),
        (read_mesh, "b.obj", "v 0 0 0\n" * 11 + "f 1 2 @\n"),
        (read_mesh, "c.ply", PLY + "@ 0 0\n3 0 0 0\n"),
        (read_mesh, "d.ply", PLY.replace("vertex 1", "vertex 11") + "0 0 0\n" * 11 + "3 0 0 @\n"),
        (read_picked_points, "e.pp", _picked(POINTS).replace('x="0.0"', 'x="@"')),
        (read_landmarks, "f.txt", "1 2 3\n" * 6 + "1 2 @\n"),
    ],
)
def test_numbers_that_only_python_reads(tmp_path, reader, name, text, one_line):
    """A damaged number would be read as another one where every other program stops."""
    write_text(tmp_path / name, text.replace("@", "1"))
    reader(tmp_path / name)
    for number in ("1_0", "١", "１"):
        write_text(tmp_path / name, text.replace("@", number))
        with pytest.raises(FocusError, match=name) as error:
            reader(tmp_path / name)
        assert one_line(error.value)


def test_bad_landmark_files(tmp_path):
    """68 landmarks, a pickle, or a table of words would be taken for NoW's seven."""
    write_npy(tmp_path / "a.npy", np.zeros((68, 3)))
    write_npy(tmp_path / "b.npy", np.array([["x"]]))
    np.save(tmp_path / "c.npy", np.array([{"left": 1}], dtype=object), allow_pickle=True)
    write_npy(tmp_path / "d.npy", np.full((7, 3), np.inf))
    write_text(tmp_path / "e.txt", "1 2 3\n1 2\n")
    write_text(tmp_path / "f.txt", "a b c\n")
    write_text(tmp_path / "g.csv", "")
    for name in ("a.npy", "b.npy", "c.npy", "d.npy", "e.txt", "f.txt", "g.csv", "missing.npy", "missing.txt"):
        with pytest.raises(FocusError, match=name):
            read_landmarks(tmp_path / name)
