"""A cut-out survives programs that shrink it without regard to alpha, and betrays no background."""

import cv2
import numpy as np
import pytest
from photos import BUS, starter_swapper

from bgswap.compositing.frame import Frame
from bgswap.compositing.framed import framed
from bgswap.mask_ops import EdgeBleedConfig, bleed_edge_colors
from bgswap.matting.foreground import ForegroundConfig, foreground
from bgswap.ui.thumbnails import cut_out

PERSON, GROUND = np.float64([210, 160, 120]), np.float64([20, 255, 20])
REACH = EdgeBleedConfig().reach


def disc(size: int = 192, sigma: float = 1.5) -> np.ndarray:
    alpha = np.zeros((size, size), np.float32)
    cv2.circle(alpha, (size // 2, size // 2), size // 3, 1.0, -1)
    return np.rint(cv2.GaussianBlur(alpha, (0, 0), sigma) * 255) / np.float32(255)


def photo_of(alpha: np.ndarray) -> np.ndarray:
    """A person of one color before a ground of another, as a camera mixes them."""
    weight = alpha[:, :, None]
    return np.rint(weight * PERSON + (1 - weight) * GROUND).astype(np.uint8)


def shrunk(picture: np.ndarray, factor: int) -> np.ndarray:
    """The mean of each square of pixels, each channel by itself."""
    height, width = (side // factor for side in picture.shape[:2])
    squares = picture[: height * factor, : width * factor].astype(float)
    return squares.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))


def rim(colors: np.ndarray, alpha: np.ndarray, factor: int) -> np.ndarray:
    """Levels by which the edge differs, on black, from a shrinking that weights with alpha."""
    small = shrunk(alpha, factor)
    right = shrunk(colors * alpha[:, :, None], factor)
    edge = ((small > 0) & (small < 1))[:, :, 0]
    return (shrunk(colors, factor) * small - right)[edge]


def without(colors: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.where((alpha == 0)[:, :, None], np.uint8(0), colors)


@pytest.mark.parametrize(("factor", "dark"), [(2, -0.5), (4, -2), (8, -2)])
def test_shrinking_leaves_no_dark_rim(factor: int, dark: float) -> None:
    alpha = disc(sigma=0.5)
    own = bleed_edge_colors(foreground(photo_of(alpha), alpha), alpha)
    assert np.abs(rim(own, alpha, factor)).mean() < 0.1
    assert rim(without(own, alpha), alpha, factor).mean() < dark, "what it would be without them"


def test_shrinking_a_real_cut_out_leaves_no_dark_rim() -> None:
    swapper = starter_swapper()
    found = swapper.find_people(BUS)
    cutout = swapper.cut_out(BUS, found)
    small = framed(cutout, Frame((540, 405), (1080, 810), (540, 405)))
    for shown, factor, darker in ((cutout, 4, -0.2), (small, 2, -0.1)):
        own, alpha = shown.foreground, shown.alpha
        assert abs(rim(own, alpha, factor).mean()) < 0.1, f"shrunk by {factor}"
        change = rim(without(own, alpha), alpha, factor) - rim(own, alpha, factor)
        assert change.mean() < darker, f"shrunk by {factor}, what it would be without them"
    colors, levels = cutout.rgba[:, :, :3], cutout.rgba[:, :, 3]
    assert np.array_equal(colors[levels == 255], cutout.photo[levels == 255])
    alone = cut_out(cutout.photo, found[0])
    assert not alone[alone[:, :, 3] == 0].any(), "cut-outs of single people carry nothing"


def test_only_colors_of_the_person_are_carried() -> None:
    alpha = disc()
    own = bleed_edge_colors(foreground(photo_of(alpha), alpha), alpha)
    carried = own[(alpha == 0) & own.any(axis=2)]
    assert len(carried) > 1000
    assert np.abs(carried - PERSON).max() < 12
    assert np.abs(photo_of(alpha)[alpha == 0] - PERSON).min() > 90


def test_colors_reach_eight_pixels_and_are_the_nearest() -> None:
    alpha = np.zeros((60, 80), np.float32)
    alpha[30, 20], alpha[32, 60] = 1, 0.5
    people = np.zeros((60, 80, 3), np.uint8)
    people[30, 20], people[32, 60] = (200, 0, 0), (0, 0, 200)
    # A strip as low as this one ends in the middle of both.
    for strip in (4, 512):
        own = bleed_edge_colors(people, alpha, EdgeBleedConfig(strip=strip))
        y, x = np.mgrid[:60, :80]
        for (row, column), color in (((30, 20), (200, 0, 0)), ((32, 60), (0, 0, 200))):
            distance = np.hypot(y - row, x - column)
            near, side = distance < REACH - 0.5, np.abs(x - column) < 20
            assert (own[near] == color).all()
            assert not own[side & (distance > REACH + 0.5)].any()


def test_detail_finer_than_the_estimate_stays_in_the_soft_edge() -> None:
    alpha = np.full((128, 128), 0.9, np.float32)
    alpha[:, :40], alpha[:, 90:] = 1, 0
    stripes = np.where(np.arange(128) % 2, 60, 0)[:, None, None]
    photo = np.uint8(np.full((128, 128, 3), 100) + stripes)
    own = foreground(photo, alpha, ForegroundConfig(working_pixels=1_000))[:, 60, 0].astype(float)
    assert np.abs(np.diff(own)).mean() > 30


def test_empty_and_full_alphas_leave_the_photo_unchanged() -> None:
    people = np.full((20, 30, 3), 90, np.uint8)
    for level in (0, 1):
        alpha = np.full((20, 30), level, np.float32)
        assert np.array_equal(bleed_edge_colors(people, alpha), people)
