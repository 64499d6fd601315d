"""Alpha mattes: soft at the edge, exact elsewhere, nothing of the neighbours."""

import cv2
import numpy as np
import pytest

from bgswap.people import matting, trimap


def scene(height: int = 160, width: int = 120, blur: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A red ellipse with a soft edge over grey noise: photo and true alpha."""
    alpha = np.zeros((height, width), np.float32)
    cv2.ellipse(alpha, (width // 2, height // 2), (width // 4, height // 3), 0, 0, 360, 1.0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), blur)
    noise = np.random.default_rng(0).normal(0, 4, (height, width, 3))
    person, ground = np.array([200.0, 40, 40]), np.array([90.0, 120, 110])
    photo = alpha[:, :, None] * person + (1 - alpha[:, :, None]) * ground + noise
    return photo.clip(0, 255).astype(np.uint8), alpha


def test_alpha_is_nearer_the_truth_than_the_mask() -> None:
    photo, truth = scene(480, 360)
    mask = (cv2.GaussianBlur(truth, (0, 0), 3) > 0.6).astype(np.float32)
    alpha = matting.matte(photo, mask)
    assert alpha.dtype == np.float32
    assert np.abs(alpha - truth).mean() < 0.5 * np.abs(mask - truth).mean()


def test_far_from_the_edge_alpha_is_exactly_zero_or_one() -> None:
    photo, truth = scene()
    mask = (truth > 0.5).astype(np.float32)
    alpha = matting.matte(photo, mask)

    def disc(widths: float) -> np.ndarray:
        reach = int(np.ceil(widths * matting.band_radius(mask))) + 2
        return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)

    inside = cv2.erode(mask.astype(np.uint8), disc(trimap.INSIDE)) > 0
    outside = cv2.dilate(mask.astype(np.uint8), disc(trimap.OUTSIDE)) == 0
    assert inside.any() and outside.any()
    assert (alpha[inside] == 1).all()
    assert (alpha[outside] == 0).all()


def test_large_photos_go_through_guided_upsampling(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, truth = scene(320, 240, blur=3)
    monkeypatch.setattr(matting, "WORKING_PIXELS", 10_000)
    monkeypatch.setattr(matting, "SCALED_PIXELS", 10_000)
    mask = (truth > 0.5).astype(np.float32)
    alpha = matting.matte(photo, mask)
    assert alpha.shape == mask.shape
    assert np.abs(alpha - truth).mean() < np.abs(mask - truth).mean()


def test_nothing_of_those_who_go_is_kept() -> None:
    photo, truth = scene()
    mask = (truth > 0.5).astype(np.float32)
    others = np.zeros_like(mask)
    others[:, 70:] = 1
    mask[:, 70:] = 0
    alpha = matting.matte(photo, mask, others)
    assert alpha[:, 70:].max() == 0
    assert alpha[80, 50] == 1


def test_people_apart_are_matted_as_if_each_were_kept_alone() -> None:
    photo, truth = scene(200, 300, blur=1.5)
    photo = np.hstack([photo, np.ascontiguousarray(photo[:, :, ::-1])])  # the second one is blue
    one, other = (np.zeros(photo.shape[:2], np.float32) for _ in range(2))
    one[:, :300] = other[:, 300:] = truth > 0.5
    alone = np.maximum(matting.matte(photo, one, other), matting.matte(photo, other, one))
    np.testing.assert_array_equal(matting.matte(photo, np.maximum(one, other)), alone)


def test_small_parts_belong_to_the_nearest_person() -> None:
    _, truth = scene(200, 300, blur=1.5)
    mask = np.tile((truth > 0.5).astype(np.float32), 2)
    mask[100:104, 250:254] = 1  # nearer to the first, whose right end is at 225
    pieces = matting._pieces(mask)
    first, second = pieces[100, 150], pieces[100, 450]
    assert first != second and pieces.max() == 1
    assert pieces[102, 252] == first


def test_people_who_nearly_touch_are_no_parts_and_there_are_not_too_many() -> None:
    mask = np.zeros((400, 600), np.float32)
    mask[100:300, 100:200] = mask[100:300, 203:300] = 1
    assert matting._pieces(mask).max() == 0
    mask[:] = 0
    for row in range(20, 400, 60):
        mask[row : row + 10, 20::60] = mask[row : row + 10, 21::60] = 1
    assert 1 <= matting._pieces(mask).max() < matting.MOST


def test_what_nothing_joins_to_a_person_goes() -> None:
    photo, truth = scene(480, 360)
    mask = (truth > 0.5).astype(np.float32)
    photo[204:208, 280:284] = (200, 40, 40)  # the person's colour, beyond their edge at 270
    photo[300:303, 230:296] = (200, 40, 40)  # the same, but it begins at the person
    alpha = matting.matte(photo, mask)
    assert not alpha[202:210, 278:286].any()
    assert alpha[301, 262:275].min() > 0.5


def test_a_person_cut_by_the_photos_border_reaches_it() -> None:
    photo, truth = scene()
    mask = (truth > 0.5).astype(np.float32)
    cut = slice(80, None)
    alpha = matting.matte(photo[cut], mask[cut])
    assert alpha[0, 60] == 1


def test_empty_and_full_masks() -> None:
    photo, truth = scene()
    assert matting.matte(photo, np.zeros_like(truth)).max() == 0
    assert matting.matte(photo, np.ones_like(truth)).min() == 1


def test_sizes_must_fit() -> None:
    photo, truth = scene()
    with pytest.raises(ValueError, match="differ in size"):
        matting.matte(photo, truth[1:])


def changed(truth: np.ndarray, part: tuple[slice, slice], value: float) -> list[np.ndarray]:
    """The mask of a true alpha, and the same with a part of it set to ``value``."""
    mask = (truth > 0.5).astype(np.float32)
    wrong = mask.copy()
    wrong[part] = value
    return [mask, wrong]


def test_colours_doubt_the_mask_where_it_left_something_out() -> None:
    photo, truth = scene(320, 240, blur=0.5)
    mask, bitten = changed(truth, np.s_[140:160, 60:72], 0)
    alpha = matting.matte(photo, bitten)
    assert (mask[140:160, 62:72] == 1).all()
    assert alpha[142:158, 62:72].mean() > 0.9
    plain = trimap.weigh(photo, bitten, np.zeros_like(bitten), matting.band_radius(bitten)).trimap
    assert (plain[20:40] == 0).all() and (plain[150, 100:140] == 1).all()


def test_colours_doubt_the_mask_where_it_took_too_much() -> None:
    photo, truth = scene(320, 240, blur=0.5)
    _, lump = changed(truth, np.s_[150:165, 48:62], 1)
    alpha = matting.matte(photo, lump)
    assert (truth[152:163, 49:57] < 0.1).all()
    assert alpha[152:163, 49:57].mean() < 0.1
