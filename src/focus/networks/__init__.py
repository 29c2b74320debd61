"""The networks: face encoder, outlier segmentation network, face recogniser with its alignment and training head.

All take RGB images float32 (B,3,S,S) in [0,1] and convert them to channels-last memory themselves; their weights stay
in plain contiguous memory, as safetensors wants them. Initial weights (and dropout) come from torch's global
generator: call `torch.manual_seed` before building a network.
"""

from focus.networks.alignment import align_faces, similarity_to_template
from focus.networks.arcface_head import ArcFaceHead
from focus.networks.encoder import FaceEncoder
from focus.networks.engine import Engine
from focus.networks.recogniser import FaceRecogniser
from focus.networks.resnet import resnet50
from focus.networks.segmentation import SegmentationNetwork

__all__ = [
    "ArcFaceHead",
    "Engine",
    "FaceEncoder",
    "FaceRecogniser",
    "SegmentationNetwork",
    "align_faces",
    "resnet50",
    "similarity_to_template",
]
