"""The descent of latents that all fits share."""

import pytest
import torch

import tiny
from focus.methods.latent_fit import Latents, falling


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.9, 0.999)])
def test_steps_and_rates_are_torchs(betas):
    """The steps would not be those of the published algorithm, and Table 1's references other bits than before."""
    network, goal = tiny.autoencoder(), tiny.latents(2).theta()
    scale = torch.linspace(0.1, 2, goal.shape[1])
    ours = Latents(network, torch.zeros_like(goal), scale, betas=betas)
    theirs = torch.zeros_like(goal, requires_grad=True)
    adam = torch.optim.Adam([theirs], lr=0.03, betas=betas)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 8, 0.003)
    for rate in falling(0.03, 8):
        assert rate == schedule.get_last_lr()[0]
        ours.step((ours.parameters.theta() - goal).square().sum(), rate)
        adam.zero_grad()
        (theirs * scale - goal).square().sum().backward()
        adam.step()
        schedule.step()
    assert torch.equal(ours.moved.detach(), theirs.detach())


def test_the_rate_falls_to_a_tenth():
    """The last steps would be as large as the first, and the fit would end beside its goal."""
    rates = list(falling(1.0, 100))
    assert rates == sorted(rates, reverse=True) and rates[50] == pytest.approx(0.55) and rates[-1] < 0.1003


def test_a_latent_of_scale_zero_stays():
    """The mean face of Table 1 would not stay the mean face."""
    network, base = tiny.autoencoder(), tiny.latents(1).theta()
    scale = torch.ones(base.shape[1])
    scale[:3] = 0
    latents = Latents(network, base, scale)
    for rate in falling(0.1, 3):
        latents.step(latents.parameters.theta().square().sum(), rate)
    moved = (latents.parameters.theta() - base)[0] != 0
    assert not moved[:3].any() and moved[3:].all()
