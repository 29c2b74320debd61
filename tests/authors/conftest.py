"""The authors' networks at full size, with drawn weights, written once a session."""

from __future__ import annotations

import pytest

from authors_files import write_encoder, write_segmentation


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """An enc_net_*.model."""
    return write_encoder(tmp_path_factory.mktemp("authors") / "enc_net_270000.model")


@pytest.fixture(scope="session")
def segmentation(tmp_path_factory):
    """A unet_*.model."""
    return write_segmentation(tmp_path_factory.mktemp("authors") / "unet_270000.model")
