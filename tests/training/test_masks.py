"""Drawn masks, damage, the losses and the metrics."""

import numpy as np
import pytest
import torch

from training.common.losses import mask_losses, mean_losses, vae_losses
from training.common.metrics import boundary_iou, iou, kept_scores, mse, ssim
from training.mask_autoencoder.damaged_masks import VALIDATION_FROM, DamagedMasks
from training.mask_autoencoder.drawn_masks import damage, draw, mask_box, move

SIDE = 128


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def square(low: int, high: int, side: int = 100) -> np.ndarray:
    mask = np.zeros((side, side), np.float32)
    mask[low:high, low:high] = 1
    return mask


@pytest.mark.parametrize("seed", range(12))
def test_drawn_masks_are_masks(seed):
    mask = draw(rng(seed), SIDE)
    assert mask.shape == (SIDE, SIDE) and mask.dtype == np.float32
    assert mask.min() == 0 and 0.9 < mask.max() <= 1
    assert 0.01 < mask.mean() < 0.9
    np.testing.assert_array_equal(mask, draw(rng(seed), SIDE))


def test_damage_is_that_of_a_detector():
    crops = [move(draw(rng(n), SIDE), rng(n), SIDE) for n in range(60)]
    damaged = [damage(crop, rng(n)) for n, crop in enumerate(crops)]
    scores = [iou(mask, crop) for (mask, _), crop in zip(damaged, crops, strict=True)]
    assert 0.8 < np.mean(scores) < 0.93
    assert min(scores) > 0.3
    binary = [np.isin(mask, (0, 1)).all() for mask, _ in damaged]
    assert 0.6 < np.mean(binary) < 1
    added = [((m > 0.5) & (c < 0.5)).any() for (m, _), c in zip(damaged, crops, strict=True)]
    taken = [((m < 0.5) & (c > 0.5)).any() for (m, _), c in zip(damaged, crops, strict=True)]
    assert np.mean(added) > 0.7 and np.mean(taken) > 0.7


def test_damage_never_reaches_beyond_the_box():
    for seed in range(20):
        mask, (x0, y0, x1, y1) = damage(square(30, 90, SIDE), rng(seed))
        rows, columns = np.nonzero(mask)
        assert rows.min() >= y0 - 1 and rows.max() <= y1 + 1
        assert columns.min() >= x0 - 1 and columns.max() <= x1 + 1


def test_damage_leaves_its_input_and_repeats_itself():
    clean = square(30, 90, SIDE)
    before = clean.copy()
    first, second = damage(clean, rng(3))[0], damage(clean, rng(3))[0]
    np.testing.assert_array_equal(clean, before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, damage(clean, rng(4))[0])


def test_an_empty_mask_has_no_box():
    with pytest.raises(ValueError, match="empty"):
        mask_box(np.zeros((5, 5), np.float32))
    assert mask_box(square(2, 7, 10)) == (2, 2, 7, 7)


def test_samples_are_functions_of_their_number_and_validation_is_apart():
    people = {"street": [(square(20, 80) * 255).astype(np.uint8)]}
    samples = DamagedMasks(people, 4, 32, seed=1)
    held_out = DamagedMasks(people, 4, 32, seed=1, start=VALIDATION_FROM)
    damaged, clean = samples[2]
    assert damaged.shape == clean.shape == (1, 32, 32) and damaged.dtype == torch.float32
    assert torch.equal(damaged, samples[2][0])
    assert not torch.equal(damaged, samples[6][0])
    assert not torch.equal(damaged, held_out[2][0])


def test_iou_by_hand():
    assert iou(square(0, 10), square(0, 10)) == 1
    assert iou(square(0, 10), square(5, 15)) == pytest.approx(25 / 175)
    assert iou(square(0, 0), square(0, 0)) == 1
    assert iou(square(0, 0), square(0, 9)) == 0
    with pytest.raises(ValueError, match="one shape"):
        iou(np.zeros((3, 3)), np.zeros((1, 3)))


def test_boundary_iou_by_hand():
    # The band is 2 % of 141 pixels: 3 wide. One square lies inside the other's band.
    big, small = 60**2 - 54**2, 58**2 - 52**2
    both = 58**2 - 54**2
    assert boundary_iou(square(20, 80), square(21, 79)) == pytest.approx(
        both / (big + small - both)
    )
    assert boundary_iou(square(20, 80), square(20, 80)) == 1
    hole = square(20, 80)
    hole[45:55, 45:55] = 0
    assert boundary_iou(hole, square(20, 80)) == pytest.approx(big / (big + 16**2 - 10**2))


def test_picture_metrics_by_hand():
    picture = rng().integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert ssim(picture, picture) == pytest.approx(1) and mse(picture, picture) == 0
    black, grey = np.zeros_like(picture), np.full_like(picture, 51)
    assert mse(grey, black) == pytest.approx(0.04)
    assert ssim(255 - picture, picture) < 0
    changed = picture.copy()
    changed[:, 20:] = 0
    left = np.zeros((40, 40), bool)
    left[:, :10] = True
    assert kept_scores(changed, picture, left) == pytest.approx({"ssim": 1, "mse": 0})
    assert kept_scores(changed, picture, ~left)["mse"] > 0.1
    with pytest.raises(ValueError, match="kept"):
        kept_scores(changed, picture, np.zeros((40, 40), bool))


def test_mask_losses_fall_with_the_error():
    true = torch.zeros(2, 1, 16, 16)
    true[:, :, 4:12, 4:12] = 1
    right, half, wrong = (mask_losses(x, true) for x in (true, true * 0 + 0.5, 1 - true))
    for name in ("total", "cross_entropy", "dice"):
        assert right[name] < half[name] < wrong[name]
    assert half["cross_entropy"].item() == pytest.approx(np.log(2), abs=1e-5)
    assert half["total"].item() == pytest.approx(
        half["cross_entropy"].item() + 0.5 * half["dice"].item()
    )


def test_vae_losses_by_hand():
    made, true = torch.full((2, 3, 4, 4), 0.5), torch.zeros(2, 3, 4, 4)
    mu, logvar = torch.ones(2, 5), torch.zeros(2, 5)
    losses = {k: v.item() for k, v in vae_losses(made, true, mu, logvar, 0.2).items()}
    assert losses == pytest.approx({"total": 12.5, "reconstruction": 12, "kl": 2.5, "mse": 0.25})
    assert vae_losses(made, true, mu * 0, logvar, 1)["kl"].item() == 0


def test_no_batches_have_no_mean():
    assert mean_losses([{"a": 1.0}, {"a": 2.0}]) == {"a": 1.5}
    with pytest.raises(ValueError, match="no batches"):
        mean_losses([])
