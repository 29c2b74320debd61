"""The embedded 3D morphable face model: made by code, so that everything runs without a licensed file."""

from focus.face_model.embedded.fit import build_embedded_model
from focus.face_model.embedded.generator import FaceGenerator
from focus.face_model.embedded.template import Template, build_template

__all__ = ["FaceGenerator", "Template", "build_embedded_model", "build_template"]
