"""The refiner: what it cuts out, what it puts back, and what it leaves alone."""

import threading

import numpy as np
import pytest
import torch

from bgswap.detection.mask_autoencoder import MaskRefiner, without_specks
from bgswap.detection.mask_squares import merge, square_crop, square_of
from bgswap.networks import MaskAutoencoder


class Answers(MaskAutoencoder):
    """Gives a fixed answer everywhere, and notes the batches it was shown."""

    def __init__(self, side: int, answer: float | None) -> None:
        super().__init__(side=side)
        self.answer, self.shown = answer, []

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        self.shown.append(masks.clone())
        return masks if self.answer is None else torch.full_like(masks, self.answer)


def detailed_mask(height: int, width: int) -> np.ndarray:
    """Random ones in a haze that ties them together: nothing of it survives scaling down."""
    return np.random.default_rng(0).choice(np.float32([0.2, 1]), (height, width))


def test_square_has_the_centre_and_the_longer_side_with_its_margin():
    assert square_of((10, 20, 50, 100)) == (30 - 50, 60 - 50, 100)


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (0, 0, float("nan"), 3), (9, 0, 3, 3)])
def test_square_of_a_box_without_area_is_refused(box):
    with pytest.raises(ValueError, match="box"):
        square_of(box)


def test_crop_is_zero_outside_the_mask_and_keeps_the_aspect():
    crop = square_crop(np.ones((40, 80), np.float32), (0, 0, 80, 40), 100)
    assert crop.shape == (100, 100)
    assert not crop[:25].any() and not crop[75:].any()
    assert not crop[:, :10].any() and not crop[:, 90:].any()
    assert crop[30:70, 12:88].min() == 1


def test_a_network_that_agrees_changes_nothing_at_any_size():
    mask = detailed_mask(300, 200)
    refined = MaskRefiner(Answers(16, None)).refine([mask], [(20, 30, 180, 280)])
    np.testing.assert_array_equal(refined[0], mask)


def test_nothing_changes_outside_the_grown_square():
    mask = np.zeros((120, 160), np.float32)
    mask[::7, ::5] = 1
    box = (40.0, 30.0, 100.0, 70.0)
    refined = merge(mask, square_crop(mask, box, 16), np.ones((16, 16), np.float32), box)
    x, y, side = square_of(box)
    outside = np.ones(mask.shape, bool)
    outside[y : y + side, x : x + side] = False
    np.testing.assert_array_equal(refined[outside], mask[outside])
    assert refined[~outside].mean() > 0.99


def test_a_hole_is_filled_in_place_at_full_size():
    mask = np.zeros((400, 400), np.float32)
    mask[100:300, 100:300] = 1
    mask[150:162, 240:252] = 0
    box = (100, 100, 300, 300)
    seen = square_crop(mask, box, 64)
    whole = np.zeros_like(mask)
    whole[100:300, 100:300] = 1
    merged = merge(mask, seen, square_crop(whole, box, 64), box)
    assert merged[154:158, 244:248].min() > 0.9
    edge = np.zeros(mask.shape, bool)
    edge[140:172, 230:262] = True
    np.testing.assert_array_equal(merged[~edge], mask[~edge])


def test_the_input_is_left_as_it_was_and_the_result_is_in_range():
    mask = detailed_mask(90, 90)
    before = mask.copy()
    (refined,) = MaskRefiner(MaskAutoencoder(side=32)).refine([mask], [(10, 10, 80, 80)])
    np.testing.assert_array_equal(mask, before)
    assert refined.dtype == np.float32 and refined.shape == mask.shape
    assert refined.min() >= 0 and refined.max() <= 1


def test_a_square_beyond_the_photo_on_all_sides_lands_in_place():
    mask = np.zeros((50, 50), np.float32)
    box = (0, 0, 50, 50)
    answer = np.zeros((64, 64), np.float32)
    x, y, side = square_of(box)
    row, column = (int((p + 0.5 - s) * 64 / side) for p, s in ((10, y), (30, x)))
    answer[row - 2 : row + 3, column - 2 : column + 3] = 1
    merged = merge(mask, np.zeros_like(answer), answer, box)
    rows, columns = np.nonzero(merged > 0.5)
    assert abs(rows.mean() - 10) < 1 and abs(columns.mean() - 30) < 1


def test_all_people_and_their_mirror_images_go_through_the_network_in_one_batch_twice():
    network = Answers(16, None)
    masks = [detailed_mask(60, 60)] * 3
    MaskRefiner(network).refine(masks, [(0, 0, 30, 60), (20, 0, 50, 60), (40, 10, 60, 50)])
    assert [tuple(batch.shape) for batch in network.shown] == [(6, 1, 16, 16)] * 2
    first, mirrored = network.shown[0].chunk(2)
    assert torch.equal(first.flip(-1), mirrored)


def test_an_empty_list_runs_no_network():
    network = Answers(16, None)
    assert MaskRefiner(network).refine([], []) == []
    assert not network.shown


def test_masks_and_boxes_must_fit():
    refiner = MaskRefiner(MaskAutoencoder(side=16))
    with pytest.raises(ValueError, match="box for each mask"):
        refiner.refine([detailed_mask(20, 20)], [])
    with pytest.raises(ValueError, match="float32"):
        refiner.refine([np.zeros((20, 20), np.uint8)], [(0, 0, 9, 9)])


def test_weights_come_from_a_folder_and_a_missing_one_is_reported(tmp_path):
    torch.manual_seed(3)
    network = MaskAutoencoder(side=24)
    network.save_pretrained(tmp_path / "hub")
    masks, boxes = [detailed_mask(70, 50)], [(5.0, 5.0, 45.0, 65.0)]
    expected = MaskRefiner(network).refine(masks, boxes)
    loaded = MaskRefiner.from_folder(tmp_path / "hub").refine(masks, boxes)
    np.testing.assert_allclose(loaded[0], expected[0], atol=1e-6)
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        MaskRefiner.from_folder(tmp_path / "nothing")


def test_threads_take_turns_at_the_network():
    network, inside, clashes = MaskAutoencoder(side=16), threading.Event(), []

    def watch(*_: object) -> None:
        clashes.append(inside.is_set())
        inside.set()
        threading.Event().wait(0.02)

    network.register_forward_pre_hook(watch)
    network.register_forward_hook(lambda *_: inside.clear())
    refiner = MaskRefiner(network)
    work = (([detailed_mask(30, 30)], [(0, 0, 30, 30)]) for _ in range(4))
    threads = [threading.Thread(target=refiner.refine, args=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == [False] * 8  # two passes each


def test_specks_go_and_pieces_stay() -> None:
    mask = np.zeros((100, 100), np.float32)
    mask[20:80, 20:50] = 1
    mask[30:40, 60:70] = 0.8  # a hand behind somebody else: 100 of 1,800 pixels
    kept = mask.copy()
    mask[5:9, 90:94] = 0.9
    mask[90:92, 10:12] = 0.2
    np.testing.assert_array_equal(without_specks(mask), kept)
    assert without_specks(kept) is kept
    assert not without_specks(np.zeros((10, 10), np.float32)).any()


def test_the_answer_for_the_mirrored_mask_is_mirrored_back():
    crop = np.zeros((16, 16), np.float32)
    crop[:, :5] = 1
    (answer,) = MaskRefiner(Answers(16, None))._run([crop])
    np.testing.assert_array_equal(answer, crop)
