"""The Basel Face Model 2017 or 2019, and every model in its layout."""

from focus.face_model.bfm_file import read_bfm

read = read_bfm
