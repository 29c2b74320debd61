"""A network of a .tflite file, run by torch: the same arithmetic on every machine that torch is built for.

Agrees with LiteRT to rounding. Layers are (N,C,H,W) here and (N,H,W,C) in the file.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.landmarks.tflite import Graph, Operation

RELU = 1  # ActivationFunctionType
SAME = 0  # Padding


class TfliteNetwork(nn.Module):
    """Images (N,3,S,S) -> the file's outputs, each (N,K): the file's (1,H,W,C), flattened."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph, self._weights = graph, {}
        halves = {entry.inputs[0]: entry.outputs[0] for entry in graph.operations if entry.kind == "dequantize"}
        self.operations = [entry for entry in graph.operations if entry.kind != "dequantize"]
        for number, values in graph.constants.items():
            self._weights[halves.get(number, number)] = values
        layouts = {entry.inputs[1]: entry.kind for entry in self.operations if len(entry.inputs) > 1}
        for number, values in list(self._weights.items()):
            if values.dtype.kind == "f":
                weight = _torch_layout(torch.from_numpy(values.copy()).float(), layouts.get(number, ""))
                self.register_buffer(f"weight_{number}", weight)

    @torch.inference_mode()
    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the outputs of a batch."""
        values = {self.graph.inputs[0]: images.contiguous(memory_format=torch.channels_last)}
        for entry in self.operations:
            result = self._run(entry, values)
            values[entry.outputs[0]] = torch.relu(result) if entry.options.get("activation") == RELU else result
        return [_in_file_order(values[number]) for number in self.graph.outputs]

    def _run(self, entry: Operation, values: dict[int, Tensor]) -> Tensor:
        first = values[entry.inputs[0]]
        match entry.kind:
            case "convolution" | "depthwise":
                weight, bias = (getattr(self, f"weight_{number}") for number in entry.inputs[1:3])
                groups = len(weight) if entry.kind == "depthwise" else 1
                padded = _padded(first, weight.shape[2], entry.options, 0.0)
                return functional.conv2d(padded, weight, bias, stride=entry.options["stride"], groups=groups)
            case "max_pool":
                padded = _padded(first, entry.options["kernel"], entry.options, -torch.inf)
                return functional.max_pool2d(padded, entry.options["kernel"], entry.options["stride"])
            case "prelu":
                return functional.prelu(first, getattr(self, f"weight_{entry.inputs[1]}"))
            case "add":
                return first + values[entry.inputs[1]]
            case "relu":
                return torch.relu(first)
            case "pad":
                (_, _), (top, bottom), (left, right), (front, back) = self._weights[entry.inputs[1]].tolist()
                return functional.pad(first, (left, right, top, bottom, front, back))
            case "reshape":
                return _in_file_order(first).reshape(len(first), *self.graph.shapes[entry.outputs[0]][1:])
            case "concatenation":
                return torch.cat([values[number] for number in entry.inputs], dim=entry.options["axis"])
        raise ValueError(f"operator {entry.kind}: found no rule, expected one of focus.landmarks.tflite.OPERATORS")


def _torch_layout(weight: Tensor, kind: str) -> Tensor:
    """Return a weight as torch's operator of that kind wants it."""
    if kind == "convolution":
        return weight.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    if kind == "depthwise":
        return weight.permute(3, 0, 1, 2).contiguous()
    return weight.flatten() if kind == "prelu" else weight


def _padded(images: Tensor, kernel: int, options: Mapping[str, int], value: float) -> Tensor:
    """Pad as TensorFlow's SAME does: the odd row and column go below and to the right."""
    if options["padding"] != SAME:
        return images
    size, stride = images.shape[2], options["stride"]
    missing = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    before, after = missing // 2, missing - missing // 2
    return functional.pad(images, (before, after, before, after), value=value) if missing else images


def _in_file_order(values: Tensor) -> Tensor:
    """Return (N,K), channels last."""
    return (values.permute(0, 2, 3, 1) if values.dim() == 4 else values).flatten(1)
