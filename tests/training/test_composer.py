"""Composed pictures: what is said of them is what they show."""

import pytest
import torch
from banks import drawn_banks

from training.synthesis.camera import camera, jpeg
from training.synthesis.composer import SLOTS, Composer
from training.synthesis.damage import Damage
from training.synthesis.geometry import foreground


@pytest.fixture(scope="module")
def picture():
    torch.manual_seed(0)
    return Composer(*drawn_banks(), seed=3).draw(24, 64)


def test_alphas_never_overlap(picture):
    assert picture.people.shape == (24, SLOTS, 64, 64)
    assert float(picture.people.sum(1).max()) <= 1 + 1e-4


def test_everyone_is_at_least_each_person(picture):
    assert bool((picture.everyone + 1e-4 >= picture.people.amax(1, keepdim=True)).all())


def test_only_who_is_seen_is_present(picture):
    seen = picture.people.flatten(2).sum(2)
    assert bool((seen[picture.present] > 0).all())
    assert bool((seen[~picture.present] == 0).any())


def test_pictures_are_in_range_and_grey_beyond_the_photo(picture):
    assert float(picture.image.min()) >= 0
    assert float(picture.image.max()) <= 1
    outside = (picture.inside == 0).expand_as(picture.image)
    assert outside.any()
    assert torch.allclose(picture.image[outside], torch.tensor(128 / 255), atol=1e-4)


def test_one_seed_makes_one_batch():
    torch.manual_seed(0)
    banks = drawn_banks()
    first, second = (Composer(*banks, seed=5).draw(4, 64) for _ in range(2))
    assert torch.equal(first.image, second.image)
    assert not torch.equal(first.image, Composer(*banks, seed=6).draw(4, 64).image)


def test_a_group_is_never_said_to_be_complete_while_somebody_is_left_over(picture):
    rest = (picture.everyone - picture.people.sum(1, keepdim=True)).flatten(1).mean(1)
    assert bool((rest > 0.01).any())
    assert not bool(picture.complete[rest > 0.01].any())


def test_a_polygons_neighbours_are_not_known(picture):
    assert bool((picture.known == 0).any())
    somebody = picture.people.amax(1, keepdim=True) > 0.9
    assert not bool(((picture.known == 0) & somebody).any())


def test_foreground_colors_lose_the_old_background():
    image = torch.zeros(1, 3, 32, 32)
    image[:, 0, :, :16] = 255  # a red person before black
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[..., :16] = 255
    alpha[..., 16] = 128
    image[:, 0, :, 16] = 128
    red = foreground(image.byte(), alpha.byte())[0, 0, 16, 16]
    assert float(red) > 0.7  # the photo has 0.5 there


def test_jpeg_leaves_a_flat_picture_and_quantises_a_busy_one():
    flat, busy = torch.full((1, 3, 32, 32), 0.5), torch.rand(1, 3, 32, 32)
    coarse = torch.full((1, 1, 1, 1), 2.0)
    assert torch.allclose(jpeg(flat, coarse), flat, atol=0.02)
    assert float((jpeg(busy, coarse) - busy).abs().mean()) > 0.05
    finest = torch.full((1, 1, 1, 1), 0.001)
    grey = busy.mean(1, keepdim=True).expand_as(busy)
    assert torch.allclose(jpeg(grey, finest), grey, atol=0.02)


def test_cameras_change_pictures_and_stay_in_range():
    image = torch.rand(16, 3, 32, 32)
    taken = camera(image, torch.Generator().manual_seed(1))
    assert 0 <= float(taken.min()) <= float(taken.max()) <= 1
    assert float((taken - image).abs().flatten(1).mean(1).min()) > 0.001


def test_rough_masks_are_damaged_and_still_of_the_same_person():
    true = torch.zeros(32, 1, 96, 64)
    true[:, :, 16:80, 20:44] = 1
    box = torch.tensor([0.3, 0.15, 0.7, 0.85]).expand(32, 4)
    rough = Damage(torch.Generator().manual_seed(2))(true, torch.zeros_like(true), box)
    both = (rough * true).sum((1, 2, 3)) / (rough.maximum(true)).sum((1, 2, 3))
    assert 0.3 < float(both.median()) < 0.99
    assert float(both.max()) > 0.85
    assert 0 <= float(rough.min()) <= float(rough.max()) <= 1


def test_rough_masks_include_a_part_of_the_neighbours():
    true, others = torch.zeros(2, 64, 1, 96, 64)
    true[:, :, 16:80, 8:28] = 1
    others[:, :, 16:80, 36:56] = 1
    whole = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(64, 4)
    rough = Damage(torch.Generator().manual_seed(2))(true, others, whole)
    taken = (rough * others).sum((1, 2, 3)) / others.sum((1, 2, 3))
    assert 4 < int((taken > 0.3).sum()) < 32
