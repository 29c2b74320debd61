"""Heads of people from MakeHuman's openly licensed targets, and the embedded 3D morphable face model made of them."""

from focus.face_model.heads.fit import build_embedded_model
from focus.face_model.heads.generator import FaceGenerator
from focus.face_model.heads.mesh import Template

__all__ = ["FaceGenerator", "Template", "build_embedded_model"]
