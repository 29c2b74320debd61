"""One text reader for meshes, points, lists and tables: with or without byte order mark, UTF-16, Latin-1."""

import codecs
import os

import numpy as np
import pytest

from focus.datasets.celebamask_hq import read_mapping
from focus.datasets.landmark_table import read_landmark_table
from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points
from focus.datasets.now import read_image_list
from focus.errors import FocusError
from focus.evaluation.subsets import read_list
from focus.files import read_text

OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 2 3 4\n"
POINTS = "".join(f'<point x="{k}" y="0" z="0" active="1" name="{k}"/>\n' for k in range(7))
TEXTS = {
    "x.obj": (OBJ, lambda path: [part.tolist() for part in read_mesh(path)[:2]]),
    "x.pp": (f"<!DOCTYPE P>\n<P>\n{POINTS}</P>\n", lambda path: read_picked_points(path).tolist()),
    "x.txt": ("1 2 3\n" * 7, lambda path: read_landmarks(path).tolist()),
    "now.txt": ("a/selfie/1.jpg\nb/selfie/2.jpg\n", read_image_list),
    "list.txt": ("a.jpg\nb.jpg\n", lambda path: read_list(path, ("a.jpg", "b.jpg"))),
    "mapping.txt": ("idx orig_idx orig_file\n0 1 2.jpg\n", read_mapping),
    "x.csv": (
        "a.jpg" + ", 1, 2" * 68 + "\n",
        lambda path: read_landmark_table(path)["a.jpg"].tolist(),
    ),
}
ENCODINGS = {
    "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "windows": lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(tmp_path, name, encoding):
    """A mark before the first vertex moved every face by one vertex, silently; lists with one were refused."""
    text, read = TEXTS[name]
    path = tmp_path / name
    path.write_text(text)
    expected = read(path)
    path.write_bytes(ENCODINGS[encoding](text))
    assert read(path) == expected


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gbk", "shift-jis", "utf-8"])
@pytest.mark.parametrize("ending", ["", " \\", "…"])
def test_comments_and_names_in_other_encodings(tmp_path, encoding, ending):
    """A comment in GBK would be refused; one that ends in a backslash or holds 0x85 would swallow or cut a line."""
    words = {"gbk": "人脸模型 誠\u4e05", "shift-jis": "表ソ顔"}.get(encoding, "Müller étude")
    comment = f"# {words}{ending if encoding in ('utf-8', 'cp1252') else ending[:2]}".encode(encoding, "replace")
    lines = [comment, b"o " + words.encode(encoding, "replace"), *OBJ.encode().splitlines()]
    lines.insert(3, comment)
    (tmp_path / "x.obj").write_bytes(b"\n".join(lines))
    vertices, triangles, _ = read_mesh(tmp_path / "x.obj")
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert triangles.tolist() == [[0, 1, 2], [1, 2, 3]]


@pytest.mark.parametrize("declared", ["", *(f'<?xml version="1.0" encoding="{name}"?>' for name in ("latin-1", "GBK"))])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16"])
def test_picked_points_with_a_name(tmp_path, declared, encoding):
    """A scan named after its person would be refused."""
    text = f'{declared}<P><templateName name="Müller"/>{POINTS}</P>'
    (tmp_path / "x.pp").write_bytes(text.encode(encoding))
    assert read_picked_points(tmp_path / "x.pp")[:, 0].tolist() == list(range(7))


def test_entities_are_refused_in_every_encoding(tmp_path):
    """An entity could expand without end behind another encoding."""
    for encoding in ("utf-8", "utf-16", "utf-32", "utf-8-sig"):
        (tmp_path / "x.pp").write_bytes(f'<!DOCTYPE p [<!entity a "b">]><p>&a;{POINTS}</p>'.encode(encoding))
        with pytest.raises(FocusError, match="entities"):
            read_picked_points(tmp_path / "x.pp")


def test_indented_lines_and_partial_colours(tmp_path):
    """Hand-made meshes would be refused; colours of some vertices would shift the others' places."""
    text = OBJ.replace("v 1 0 0", "  v 1 0 0 0.5 0.5 0.5").replace("f 2", "\tf\t2")
    (tmp_path / "x.obj").write_text(text)
    with pytest.warns(UserWarning, match=r"x\.obj: colours on some vertices only"):
        vertices, triangles, colours = read_mesh(tmp_path / "x.obj")
    assert vertices.shape == (4, 3) and triangles.tolist() == [[0, 1, 2], [1, 2, 3]] and colours is None


def test_blocks_do_not_show(tmp_path, monkeypatch):
    """Lines at the border of two blocks of a large mesh would be lost or joined."""
    rng = np.random.default_rng(0)
    rows = [f"v {x} {y} {z}" for x, y, z in rng.integers(0, 9, (60, 3))]
    text = "\n".join([*rows, *(f"f -{i + 1} \\\n{i + 1} 3 # x" for i in range(20)), "v 7 7 7", "f -1 -2 1"])
    (tmp_path / "x.obj").write_text(text)
    whole = read_mesh(tmp_path / "x.obj")
    for size in (1, 7, 50):
        monkeypatch.setattr("focus.datasets.obj.BLOCK", size)
        parts = read_mesh(tmp_path / "x.obj")
        np.testing.assert_array_equal(parts[0], whole[0])
        np.testing.assert_array_equal(parts[1], whole[1])
    assert whole[1][-1].tolist() == [60, 59, 0]


@pytest.mark.parametrize("content", [b"\0\1\2", "v 0 0 0".encode("utf-16-le"), codecs.BOM_UTF16_LE + b"\x00\xd8x"])
def test_no_text(tmp_path, content):
    """A binary file would be searched for lines, and half a UTF-16 text be read."""
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(FocusError, match=r"x\.txt: cannot be read as text"):
        read_text(tmp_path / "x.txt", "a list")


def test_pipes_and_folders(tmp_path):
    """A pipe would wait for ever."""
    os.mkfifo(tmp_path / "x.csv")
    for path, found in ((tmp_path / "x.csv", "a pipe"), (tmp_path, "a folder")):
        with pytest.raises(FocusError, match=f"found {found}; expected a CSV"):
            read_landmark_table(path)
