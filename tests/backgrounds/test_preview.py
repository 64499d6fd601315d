"""The picture under the noise, from what the UNet predicts."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from diffusers.configuration_utils import FrozenDict
from torch import nn

from bgswap.backgrounds.diffusion.preview import LatentPreview


class Unet(nn.Module):
    """Predicts fixed values."""

    def forward(self, noisy, time, answer):
        return (answer,)


class Averaging:
    """An autoencoder whose latents are the mean colors of 4 x 4 pixels, and one number more."""

    dtype = torch.float32

    config = FrozenDict(scaling_factor=0.5, shift_factor=None)

    @staticmethod
    def encode(image):
        colors = nn.functional.avg_pool2d(image, 4) / 0.5
        return SimpleNamespace(latents=torch.cat([colors, torch.rand_like(colors[:, :1])], dim=1))


class Transformer(nn.Module):
    """Predicts fixed values, with Z-Image's signature."""

    def forward(self, noisy, share, prompts, answer):
        return (answer,)


SCHEDULERS = {"flow_prediction": DPMSolverMultistepScheduler}


def pipeline(kind):
    return SimpleNamespace(
        unet=Unet(),
        vae=Averaging(),
        vae_scale_factor=4,
        _execution_device="cpu",
        scheduler=SCHEDULERS.get(kind, DDIMScheduler)(prediction_type=kind),
        guidance_scale=3.0,
    )


@pytest.fixture
def clean():
    """Latents of a picture that is red above and blue below."""
    latents = torch.zeros(1, 4, 8, 6)
    latents[:, :3] = -1
    latents[:, 0, :4], latents[:, 2, 4:] = 1, 1
    return latents


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample", "flow_prediction"])
@pytest.mark.parametrize("guided", [False, True])
def test_the_picture_is_seen_under_the_noise(kind, guided, clean):
    pipe = pipeline(kind)
    preview = LatentPreview(pipe)
    share = pipe.scheduler.alphas_cumprod[700]
    signal, noise = share.sqrt(), (1 - share).sqrt()
    if kind == "flow_prediction":
        signal, noise = torch.tensor(0.3), torch.tensor(0.7)
    epsilon = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    noisy = signal * clean + noise * epsilon
    velocity = signal * epsilon - noise * clean
    answers = {"sample": clean, "epsilon": epsilon, "v_prediction": velocity}
    answer = answers.get(kind, epsilon - clean)
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


@pytest.mark.parametrize("guided", [False, True])
def test_the_picture_is_seen_under_the_noise_of_a_flow(guided, clean):
    pipe = pipeline("epsilon")
    pipe.unet, pipe.transformer = None, Transformer()
    preview = LatentPreview(pipe)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    noisy = 0.4 * clean + 0.6 * noise
    answer = clean - noise
    # Guidance by 3 from here leads to the answer: prompted + 3 (prompted - without).
    answers = [answer + 3.0, answer + 4.0] if guided else [answer]
    given = [noisy[0][:, None]] * len(answers)
    answers = [one[0][:, None] for one in answers]
    pipe.transformer(given, torch.full((len(given),), 0.4), None, answers)
    torch.testing.assert_close(preview.clean_latents(), clean)
    np.testing.assert_allclose(preview()[:4], np.broadcast_to([255, 0, 0], (4, 6, 3)), atol=2)
