"""How the scene model learns: which pictures it sees, by what steps, and who judges them."""

import pytest
import torch

from training.scene.classifier import vary
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import CROPS, Latents
from training.scene.data.wordings import EACH, LIT, PLAIN
from training.scene.optimizer import Muon, orthogonal
from training.scene.text import LENGTH


def scene_batches():
    """Twelve oceans and three forests; the latents hold the picture's number."""
    numbers = torch.arange(15.0)[:, None, None, None, None]
    crops = {shape: numbers.expand(15, count, 4, *shape) for shape, count in CROPS.items()}
    masks, people = torch.zeros(3, 1, 88, 88), torch.full((3, 4, 88, 88), 7.0)
    words = torch.arange(15)[:, None, None] * 100 + torch.arange(PLAIN + LIT * EACH)[:, None]
    words = words.expand(-1, -1, LENGTH).to(torch.int16)
    latents = Latents(crops, masks, people, torch.zeros(4, 88, 88))
    kinds = ["ocean"] * 12 + ["forest"] * 3
    return SceneBatches(latents, words, kinds, torch.full((LENGTH,), -1))


def test_classes_come_by_the_square_root_of_their_counts_with_their_own_words():
    torch.manual_seed(0)
    tokens, latents, numbers = scene_batches().sample(3000)
    drawn = latents[:, 0, 0, 0].long()
    assert torch.equal(tokens[:, 0] // 100, drawn)
    assert 0.6 < (drawn < 12).float().mean() < 0.73
    assert set(numbers.tolist()) == {0, 1}
    wordings = tokens[:, 0] % 100
    assert 0.2 < (wordings >= PLAIN).float().mean() < 0.5


def test_batches_come_in_every_shape_and_half_of_them_keep_a_person():
    torch.manual_seed(0)
    data, seen = scene_batches(), set()
    for _ in range(80):
        tokens, latents, mask, kept = data.batch(16, shape := data.shape())
        assert tokens.shape == (16, LENGTH) and mask.shape == (16, 1, *shape)
        assert latents.shape == kept.shape == (16, 4, *shape)
        assert torch.equal(kept[:, :1], 7 * (1 - mask))
        seen.add(shape)
    assert seen == set(CROPS)


def test_varied_pictures_stay_pictures_and_differ():
    torch.manual_seed(0)
    pictures = torch.rand(1, 3, 64, 64).expand(8, 3, 64, 64)
    varied = vary(pictures)
    assert varied.shape == pictures.shape and varied.min() >= 0 and varied.max() <= 1
    assert not torch.allclose(varied[6], varied[7], atol=0.05)


@pytest.mark.parametrize("shape", [(24, 60), (60, 24), (32, 32)])
def test_an_orthogonal_update_has_singular_values_of_about_one(shape):
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
    assert values.min() > 0.5 and values.max() < 1.4


def test_muon_learns_a_convolution():
    torch.manual_seed(2)
    wanted, learned = (torch.nn.Conv2d(4, 8, 3, bias=False) for _ in range(2))
    optimizer, losses = Muon(learned.parameters(), lr=0.01, decay=0.0), []
    for _ in range(200):
        given = torch.randn(8, 4, 6, 6)
        losses.append((learned(given) - wanted(given)).square().mean())
        losses[-1].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < 0.02 * losses[0]
