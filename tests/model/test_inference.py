"""R and S over a packed set."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import tiny
from focus.masks.sources import mask_source
from focus.model.inference import encode, network_images, predict


@pytest.fixture
def packed(tmp_path):
    return tiny.packed_faces(tmp_path / "set", 5)


@pytest.mark.parametrize("rows", [slice(1, 4), np.array([4, 0, 0])])
def test_network_images(packed, rows):
    """Packed bytes would reach the networks in another order, range or layout."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images = network_images(packed, rows)
    assert images.dtype == torch.float32
    expected = torch.from_numpy(np.array(packed.images[rows])).permute(0, 3, 1, 2) / 255
    assert torch.equal(images, expected)


def test_encode_does_not_depend_on_the_batch(packed):
    """Latents would depend on how many images are encoded at a time."""
    network = tiny.autoencoder(head=0.05).eval()
    found = encode(network, packed, 2)
    assert found.shape.shape == (5, 4) and not found.shape.requires_grad
    assert torch.allclose(found.theta(), encode(network, packed, 100).theta(), atol=1e-5)


@pytest.mark.parametrize("name", ["segmentation", "ones", "robust", None])
def test_predict(packed, name):
    """A variant's prediction would have another mask than its test_mask says, or a mask outside the rendering."""
    network, mask_network = tiny.autoencoder(head=0.05).eval(), tiny.segmentation().eval()
    found = predict(network, packed, slice(3, 9), mask_source(name) if name else None, mask_network)
    assert found.images.shape == (2, 3, tiny.SIZE, tiny.SIZE) and found.landmarks.shape == (2, 68, 2)
    assert not found.images.requires_grad
    if name is None:
        assert found.mask is None
        return
    assert found.mask[found.rendered == 0].abs().max() == 0
    if name == "ones":
        assert torch.equal(found.mask, found.rendered)
    if name == "segmentation":
        with torch.no_grad():
            expected = mask_network(found.images, network_images(packed, slice(3, 5))) * found.rendered
        assert torch.equal(found.mask, expected)
