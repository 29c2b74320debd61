"""The 3D morphable face model (3DMM): file format of BFM 2017/2019, landmarks, crop, and the embedded stand-in."""

from focus.face_model.bfm_file import BfmArrays, LinearModel, read_bfm, write_bfm
from focus.face_model.crop import crop_to_face
from focus.face_model.kinds import read
from focus.face_model.model import FaceModel
from focus.face_model.regions import REGIONS, regions

__all__ = [
    "REGIONS",
    "BfmArrays",
    "FaceModel",
    "LinearModel",
    "crop_to_face",
    "read",
    "read_bfm",
    "regions",
    "write_bfm",
]
