"""The decoder's training on latents that the scene model paints."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from training.scene.autoencoder import build_autoencoder
from training.scene.captions import words
from training.scene.data.part_store import STUDIO, Pictures
from training.scene.painted import Painted, captions, load_painted
from training.scene.sharp_task import SharpTask, details


def pictures(kinds, said):
    """Blank pictures of some kinds."""
    count = len(kinds)
    blank = torch.zeros(count, 3, 256, 384, dtype=torch.uint8)
    sizes = torch.tensor([[256.0, 256.0]] * count)
    no = torch.zeros(count, dtype=torch.bool)
    return Pictures(blank, sizes, no, kinds, said, ~no)


def test_windows_of_latents_and_pictures_are_the_same_place():
    cells = torch.arange(64.0)
    latents = (cells[:, None] * 64 + cells).expand(3, 4, 64, 64)
    halved = F.interpolate(latents[:, :3], scale_factor=2)
    torch.manual_seed(0)
    given, shown = Painted(latents, halved).patches(5, 128)
    assert given.shape == (5, 4, 32, 32) and shown.shape == (5, 3, 64, 64)
    assert torch.equal(F.avg_pool2d(shown, 2), given[:, :3])
    assert len(given[:, 0, 0, 0].unique()) > 1


def test_rare_kinds_are_painted_as_often_as_others():
    many = pictures(["ocean"] * 30 + [STUDIO], [["sunset"]] * 30 + [["red", "plain"]])
    texts = captions(many, 60, np.random.default_rng(1))
    studios = sum("red" in words(text) for text in texts)
    assert 20 < studios < 40


def test_captions_never_ask_for_blur():
    blurred = pictures(["ocean"], [["blurred"]])
    texts = captions(blurred, 200, np.random.default_rng(1))
    assert not any(word.startswith("blur") for text in texts for word in words(text))


def test_kept_latents_are_read_again(tmp_path):
    latents, kept = torch.randn(3, 4, 8, 8), tmp_path / "painted.pt"
    torch.save(latents, kept)
    autoencoder = build_autoencoder((16, 16, 16))
    pipeline = SimpleNamespace(vae=autoencoder, unet=autoencoder)
    painted = load_painted(pipeline, pictures(["ocean"], [[]]), 3, kept, 0, resume=True)
    assert torch.equal(painted.latents, latents)
    with torch.no_grad():
        whole = autoencoder.decode(latents).sample
    torch.testing.assert_close(painted.halved, F.avg_pool2d(whole, 2).clamp(-1, 1))
    with pytest.raises(ValueError, match="3 scenes, not 4"):
        load_painted(pipeline, pictures(["ocean"], [[]]), 4, kept, 0, resume=True)


def test_a_flat_color_has_no_details_and_a_fine_grid_is_nothing_else():
    flat = torch.tensor([0.3, -0.5, 0.9]).view(1, 3, 1, 1).expand(2, 3, 16, 16)
    grid = flat + 0.1 * (torch.arange(16) % 2 * 2 - 1)
    assert details(flat).abs().max() < 1e-6
    torch.testing.assert_close(details(grid), grid - flat)


@pytest.mark.parametrize("with_painted", [False, True])
def test_painted_latents_are_held_to_their_halved_picture(with_painted):
    torch.manual_seed(0)
    autoencoder = build_autoencoder((16, 16, 16))
    painted = Painted(torch.randn(2, 4, 64, 64), torch.full((2, 3, 128, 128), 0.9))
    given = painted if with_painted else None
    task = SharpTask(autoencoder, None, 2, rate=3e-3, share=0.0, painted=given)
    optimizer = torch.optim.AdamW(task.network.parameters(), 3e-3)
    batch = torch.zeros(2, 3, 128, 128)
    for _ in range(25):
        optimizer.zero_grad()
        task.losses(task.network, batch)["total"].backward()
        optimizer.step()
    with torch.no_grad():
        shown = autoencoder.decode(painted.latents).sample.mean()
    assert (shown > 0.4) == with_painted
