"""Forms of .ply in use, and headers that lie."""

import os
import struct

import numpy as np
import pytest

from focus.datasets.meshes import read_mesh, write_ply
from focus.errors import FocusError

SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (-0.5, 0.5, 0)]
TRIANGLES = [[0, 1, 2], [0, 2, 3]]


def ply(faces, order="<", element="face", extra=(), comment="made by hand", counter="uchar", kind="int"):
    """Return a .ply of the square's five points; order "" is text; `extra` are scalars of each face."""
    form = {"": "ascii", "<": "binary_little_endian", ">": "binary_big_endian"}[order]
    head = ["ply", f"format {form} 1.0", f"comment {comment}", "element vertex 5"]
    head += [f"property float {axis}" for axis in "xyz"]
    head += [f"element {element} {len(faces)}", f"property list {counter} {kind} vertex_indices"]
    head += [f"property {word} {name}" for word, name in extra]
    head = ("\n".join([*head, "end_header"]) + "\n").encode("latin-1")
    tail = [7] * len(extra)
    if not order:
        rows = [*SQUARE, *([len(face), *face, *tail] for face in faces)]
        return head + "\n".join(" ".join(map(str, row)) for row in rows).encode()
    codes = {"uchar": "B", "int": "i", "uint": "I", "float": "f", "short": "h", "double": "d"}
    body = b"".join(struct.pack(order + "fff", *point) for point in SQUARE)
    for face in faces:
        form = codes[counter] + codes[kind] * len(face) + "".join(codes[word] for word, _ in extra)
        body += struct.pack(order + form, len(face), *face, *tail)
    return head + body


def read(folder, content):
    (folder / "x.ply").write_bytes(content)
    return read_mesh(folder / "x.ply")


@pytest.mark.parametrize("order", ["", "<", ">"])
@pytest.mark.parametrize(
    ("faces", "triangles"),
    [
        ([[0, 1, 2], [0, 2, 3]], TRIANGLES),
        ([[0, 1, 2, 3]], TRIANGLES),
        ([[0, 1, 2, 3], [0, 3, 4]], [*TRIANGLES, [0, 3, 4]]),
        ([[0, 3, 4], [0, 1, 2, 3]], [[0, 3, 4], *TRIANGLES]),
        ([[1, 2, 3, 4, 0], [0, 1, 2]], [[1, 2, 3], [1, 3, 4], [1, 4, 0], [0, 1, 2]]),
    ],
)
@pytest.mark.parametrize("extra", [(), (("float", "quality"), ("short", "flags"))])
def test_polygons_are_cut(tmp_path, order, faces, triangles, extra):
    """A quad or pentagon among triangles, as Blender writes them, would be refused or shift every later face."""
    vertices, found, colours = read(tmp_path, ply(faces, order, extra=extra))
    np.testing.assert_array_equal(vertices, np.array(SQUARE, np.float32))
    assert found.tolist() == triangles and colours is None


@pytest.mark.parametrize("order", ["", "<", ">"])
def test_strips(tmp_path, order):
    """The Stanford scans' strips would be refused, or every second triangle would face inwards."""
    strip = [0, 1, 3, 2, -1, 0, 3, 4]
    assert read(tmp_path, ply([strip], order, "tristrips", counter="int"))[1].tolist() == [
        [0, 1, 3],
        [3, 1, 2],
        [0, 3, 4],
    ]
    unsigned = [2**32 - 1 if corner == -1 else corner for corner in strip]
    assert len(read(tmp_path, ply([unsigned], order, "tristrips", counter="int", kind="uint"))[1]) == 3
    two = ply([[0, 1, 3, 2], [0, 3, 4]], order, "tristrips", counter="int")
    assert read(tmp_path, two)[1].tolist() == [[0, 1, 3], [3, 1, 2], [0, 3, 4]]


@pytest.mark.parametrize("order", ["", "<", ">"])
@pytest.mark.parametrize("tail", [b"\n", b"\r\n", b"made by a scanner", b"\0" * 9])
def test_what_follows_the_rows_is_passed_over(tmp_path, order, tail):
    """A file with a newline after its data would be refused."""
    assert read(tmp_path, ply(TRIANGLES, order) + (tail if order else b"\n\n"))[1].tolist() == TRIANGLES


@pytest.mark.parametrize("comment", ["Müller", "made by obj_info end_header", "TextureFile a.png"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_headers(tmp_path, comment, ends):
    """A name in Latin-1, Windows line ends or the word `end_header` in a comment would be refused."""
    head, body = ply(TRIANGLES, comment=comment).split(b"\nend_header\n", 1)
    content = head.replace(b"\n", ends) + ends + b"end_header" + ends + body
    assert read(tmp_path, content)[1].tolist() == TRIANGLES


@pytest.mark.parametrize("order", ["", "<", ">"])
def test_headers_that_programs_have_touched(tmp_path, order):
    """A byte order mark, or a first or last line with another end, would be said to be no header."""
    content = ply(TRIANGLES, order)
    windows = content.replace(b"ply\n", b"ply\r\n", 1)
    for touched in (b"\xef\xbb\xbf" + content, windows, content.replace(b"end_header\n", b"end_header\r\n", 1)):
        assert read(tmp_path, touched)[1].tolist() == TRIANGLES


def test_further_elements_and_wide_types(tmp_path):
    """Cameras, edges and texture coordinates beside the mesh would be read as faces."""
    head = b"ply\nformat binary_little_endian 1.0\nelement camera 1\nproperty list uchar short steps\nproperty char c\n"
    head += b"element vertex 3\nproperty uchar red\nproperty double x\nproperty double y\nproperty double z\n"
    head += b"property uchar green\nproperty uchar blue\nelement edge 2\nproperty int a\n"
    head += b"element face 2\nproperty list uchar float texcoord\nproperty list uint uint vertex_index\nend_header\n"
    body = struct.pack("<Bhhb", 2, 8, 9, 1)
    body += b"".join(struct.pack("<BdddBB", 255, i, 2 * i, i * i, 0, 51) for i in range(3)) + struct.pack("<ii", 4, 5)
    for count in (0, 6):
        body += struct.pack(f"<B{count}f", count, *range(count)) + struct.pack("<IIII", 3, 2, 1, 0)
    vertices, triangles, colours = read(tmp_path, head + body)
    assert vertices.tolist() == [[0, 0, 0], [1, 2, 1], [2, 4, 4]] and triangles.tolist() == [[2, 1, 0]] * 2
    assert colours.tolist() == [[1, 0, 0.2]] * 3


def test_lists_among_the_vertices_of_a_text(tmp_path):
    """A text whose vertices list their neighbours or texture coordinates would be said to have no x, y and z."""
    head, rows = ply(TRIANGLES, "").split(b"end_header\n")
    head = head.replace(b"property float y", b"property list uchar int near\nproperty float y")
    rows = [row.split() for row in rows.split(b"\n")]
    lists = [[b"0"], [b"2", b"8", b"9"], [b"1", b"7"], [b"0"], [b"0"]]
    rows[:5] = [[x, *near, *yz] for (x, *yz), near in zip(rows[:5], lists, strict=True)]
    vertices, triangles, _ = read(tmp_path, head + b"end_header\n" + b"\n".join(map(b" ".join, rows)))
    assert vertices.tolist() == list(map(list, SQUARE)) and triangles.tolist() == TRIANGLES


@pytest.mark.parametrize("order", ["", "<", ">"])
def test_cut_off(tmp_path, order):
    """A download that broke off would be read as a smaller mesh."""
    content = ply([[0, 1, 2, 3], [0, 3, 4]], order)
    for length in range(0, len(content) - 1, 7):
        with pytest.raises(FocusError, match=r"x\.ply"):
            read(tmp_path, content[:length])


@pytest.mark.parametrize(
    ("line", "lie"),
    [
        (b"element vertex 5", b"element vertex 4000000000"),
        (b"element face 2", b"element face 999999999999"),
        (b"element face 2", b"element thing 3000000000000\nelement face 2"),
        (b"element face 2", b"element thing 300000\nproperty float x\nelement face 2"),
        (b"property list uchar int vertex_indices", b"property list float int vertex_indices"),
        (b"property list uchar int vertex_indices", b"property list uint int vertex_indices"),
        (b"element face 2", b"element vertex 2"),
        (b"property float x", b"property float u"),
        (b"end_header", b"property complex q\nend_header"),
        (b"comment made by hand", b"\n".join(b"element e%d 0" % i for i in range(2000))),
        (b"format", b"formed"),
    ],
)
@pytest.mark.parametrize("order", ["", "<"])
def test_headers_that_lie(tmp_path, order, line, lie, one_line):
    """A few bytes could ask for gigabytes, or end in a traceback. (An element without properties takes no room.)"""
    content = ply(TRIANGLES, order).replace(line, lie)
    if b"thing 3000000000000" in lie:
        assert read(tmp_path, content)[1].tolist() == TRIANGLES
        return
    if order == "" and b"list uint int" in lie:
        return  # a text has no width of its counts
    with pytest.raises(FocusError, match=r"x\.ply") as error:
        read(tmp_path, content)
    assert one_line(error.value)


@pytest.mark.parametrize("suffix", ["ply", "obj"])
def test_pipes_and_devices(tmp_path, suffix):
    """A pipe in place of a mesh would wait for ever, a device fill the memory."""
    os.mkfifo(tmp_path / f"pipe.{suffix}")
    (tmp_path / f"zero.{suffix}").symlink_to("/dev/zero")
    for name, found in (("pipe", "a pipe"), ("zero", "a device")):
        with pytest.raises(FocusError, match=f"{name}.{suffix}: cannot be read, found {found}"):
            read_mesh(tmp_path / f"{name}.{suffix}")


def test_write_and_read_many(tmp_path):
    """Large meshes would lose rows at the borders of the blocks that are read at a time."""
    rng = np.random.default_rng(0)
    vertices, triangles = rng.normal(size=(5000, 3)).astype(np.float32), rng.integers(0, 5000, (9000, 3))
    write_ply(tmp_path / "x.ply", vertices, triangles)
    found = read_mesh(tmp_path / "x.ply")
    np.testing.assert_array_equal(found[0], vertices)
    np.testing.assert_array_equal(found[1], triangles)
