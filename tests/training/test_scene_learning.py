"""How the scene model learns: which pictures it sees, by what steps, and who judges them."""

import numpy as np
import pytest
import torch

from bgswap.scene.canvas import fit_canvas
from training.scene.autoencoder import CELL
from training.scene.classifier import typicality, vary
from training.scene.data.batches import SHAPES, SceneData
from training.scene.model import PAINTED
from training.scene.optimizer import Muon, orthogonal


def scene_data():
    """Eight seas, of which only the first is typical, and eight forests."""
    labels = [("sea", set())] * 8 + [("forest", set())] * 8
    typical = np.array([1.0] + [0.0] * 7 + [1.0] * 8, np.float32)
    numbers = torch.arange(16.0)[:, None, None, None]
    latents, large = (numbers.expand(16, 4, side, side) for side in (16, 20))
    masks, people = torch.zeros(3, 1, 20, 20), torch.full((3, 4, 20, 20), 7.0)
    pictures = np.zeros((16, 64, 64, 3), np.uint8)
    return SceneData(pictures, latents, large, labels, typical, masks, people, torch.zeros(4))


def test_typical_pictures_come_most_often_and_classes_evenly():
    _, latents, numbers = scene_data().sample(2000)
    drawn = np.bincount(latents[:, 0, 0, 0].int().numpy(), minlength=16)
    assert 900 < drawn[:8].sum() < 1100
    assert drawn[0] > 10 * drawn[1:8].max() and drawn[8:].min() > 60
    assert set(numbers.tolist()) == {0, 1}


def test_batches_come_in_every_shape_and_half_of_them_keep_a_person():
    data, seen = scene_data(), set()
    for _ in range(60):
        texts, latents, mask, kept = data.batch(16)
        assert len(texts) == 16 and mask.shape[1] == 1
        assert latents.shape == kept.shape == (16, 4, *mask.shape[2:])
        assert torch.equal(kept[:, :1], 7 * (1 - mask))
        seen.add(tuple(latents.shape[2:]))
    assert seen == set(SHAPES)


def test_a_picture_unlike_its_class_is_not_typical():
    rng = np.random.default_rng(10)
    blue, green = (40, 90, 200), (40, 120, 30)
    colours = [(blue, green)[i % 2] for i in range(64)] + [green, green]
    pictures = [rng.normal(colour, 30, (32, 32, 3)).clip(0, 255) for colour in colours]
    labels = np.array([i % 2 for i in range(64)] + [0, 0])
    sure = typicality(np.stack(pictures).astype(np.uint8), labels, epochs=30)
    assert sure.shape == (66,) and sure.min() >= 0 and sure.max() <= 1
    assert sure[-2:].max() < np.median(sure[:64])


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


@pytest.mark.parametrize(
    ("height", "width"), [(900, 900), (1080, 810), (1500, 1000), (720, 1280), (1000, 1500)]
)
def test_photos_of_the_usual_shapes_get_canvases_that_were_trained_on(height, width):
    canvas = fit_canvas(height, width, PAINTED, 16)
    assert (canvas.height // CELL, canvas.width // CELL) in SHAPES
