"""The picture under the noise, from what the UNet predicts."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from torch import nn

from bgswap.backgrounds.diffusion.preview import LatentPreview


class Unet(nn.Module):
    """Predicts fixed values."""

    def forward(self, noisy, time, answer):
        return (answer,)


class Averaging:
    """An autoencoder whose latents are the mean colors of 4 x 4 pixels, and one number more."""

    dtype = torch.float32

    @staticmethod
    def encode(image, generator):
        colors = nn.functional.avg_pool2d(image, 4)
        return torch.cat([colors, torch.rand(1, 1, *colors.shape[2:])], dim=1)


def pipeline(kind):
    return SimpleNamespace(
        unet=Unet(),
        vae=Averaging(),
        vae_scale_factor=4,
        _encode_vae_image=Averaging.encode,
        _execution_device="cpu",
        scheduler=DDIMScheduler(prediction_type=kind),
        guidance_scale=3.0,
    )


@pytest.fixture
def clean():
    """Latents of a picture that is red above and blue below."""
    latents = torch.zeros(1, 4, 8, 6)
    latents[:, :3] = -1
    latents[:, 0, :4], latents[:, 2, 4:] = 1, 1
    return latents


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("guided", [False, True])
def test_the_picture_is_seen_under_the_noise(kind, guided, clean):
    pipe = pipeline(kind)
    preview = LatentPreview(pipe)
    share = pipe.scheduler.alphas_cumprod[700]
    signal, noise = share.sqrt(), (1 - share).sqrt()
    epsilon = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    noisy = signal * clean + noise * epsilon
    velocity = signal * epsilon - noise * clean
    answer = {"sample": clean, "epsilon": epsilon, "v_prediction": velocity}[kind]
    given = torch.cat([noisy, torch.zeros(1, 5, 8, 6)], dim=1)
    if guided:
        # Guidance by 3 from here leads to the answer: without + 3 (guided - without).
        answer = torch.cat([answer + 3.0, answer + 2.0])
        given = torch.cat([given, given])
    pipe.unet(given, torch.tensor(700), answer)
    seen = preview()
    assert seen.shape == (8, 6, 3)
    np.testing.assert_allclose(seen[:4], np.broadcast_to([255, 0, 0], (4, 6, 3)), atol=2)
    np.testing.assert_allclose(seen[4:], np.broadcast_to([0, 0, 255], (4, 6, 3)), atol=2)


def test_a_wild_guess_is_held_in_range(clean):
    pipe = pipeline("epsilon")
    preview = LatentPreview(pipe)
    pipe.unet(torch.zeros(1, 9, 8, 6), torch.tensor(999), 1000 * clean)
    assert 50 < preview().mean() < 200
