"""The matting network as a function on arrays, untrained where training does not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bgswap.matting.detail import DetailConfig, full_size, soft_tiles
from bgswap.matting.network import Calibration, NetworkConfig, NetworkMatter
from bgswap.networks import MattingUNet
from bgswap.types import Person

SMALL = NetworkConfig(
    sizes=((64, 32), (64, 64), (32, 64)), detail=DetailConfig(octaves=2, tile=16, context=4)
)


def matter() -> NetworkMatter:
    torch.manual_seed(0)
    return NetworkMatter(MattingUNet((8, 8, 8, 8, 8), (1,) * 5, (1,) * 4), config=SMALL)


def photo(height: int = 120, width: int = 90) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


def mask(size: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    drawn = np.zeros(size, np.float32)
    drawn[rows, columns] = 1
    return drawn


def test_alphas_come_with_the_networks_own_confidence_and_box() -> None:
    picture = photo()
    masks = [mask(picture.shape[:2], slice(20, 90), slice(x, x + 20)) for x in (10, 50)]
    people = [Person(i, (10, 20, 30, 90), 0.9, m) for i, m in enumerate(masks, 1)]
    found = matter().alphas(picture, people)
    assert [p.number for p in found] == [1, 2]
    for person in found:
        assert person.size == picture.shape[:2]
        assert 0 < person.confidence < 1 and person.confidence != 0.9


def test_no_people_give_no_alphas() -> None:
    assert matter().alphas(photo(), []) == []


def test_mattes_are_levels_of_a_byte_and_empty_far_from_the_person() -> None:
    picture = photo(400, 300)
    alpha = matter().matte(picture, mask((400, 300), slice(20, 90), slice(30, 60)))
    assert alpha.shape == (400, 300) and alpha.dtype == np.float32
    levels = alpha * 255
    assert np.abs(levels - np.rint(levels)).max() < 1e-4
    assert not alpha[200:].any() and not alpha[:, 200:].any()


def test_a_second_pass_is_shown_the_result_of_the_first(monkeypatch) -> None:
    """Each pass halves its distance to what the network answers, here 1 everywhere."""
    shown = []

    def answer(self, crops):
        shown.append(crops[0][1])
        return np.ones((1, *crops[0][1].shape), np.float32), np.ones(1)

    monkeypatch.setattr(NetworkMatter, "_forward", answer)
    rough = mask((120, 90), slice(20, 90), slice(30, 60)) * np.float32(0.6)
    patient, alphas = matter(), []
    for passes in (1, 2):
        shown.clear()
        patient.config = replace(SMALL, passes=passes)
        alphas.append(patient.matte(photo(), rough)[50:60, 40:50].mean())
        assert [round(float(given.max()), 3) for given in shown] == [0.6, 0.8][:passes]
    assert alphas[0] < alphas[1] < 1


def test_a_faint_person_stays_faint(monkeypatch) -> None:
    """Where the mean falls below one half, the second pass looks at the same window."""
    windows = []

    def answer(self, crops):
        windows.append(crops[0][0])
        return np.full((1, *crops[0][1].shape), 0.2, np.float32), np.ones(1)

    monkeypatch.setattr(NetworkMatter, "_forward", answer)
    rough = mask((120, 90), slice(20, 90), slice(30, 60)) * np.float32(0.6)
    alpha = matter().matte(photo(), rough)
    assert np.array_equal(*windows)
    assert 0.1 < alpha[50:60, 40:50].mean() < 0.5


def test_an_empty_mask_gives_an_empty_alpha() -> None:
    assert not matter().matte(photo(), np.zeros((120, 90), np.float32)).any()


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        matter().matte(photo(), np.zeros((10, 10), np.float32))


def test_windows_beyond_the_network_are_refined_and_carried_to_full_size() -> None:
    """A matte of a person larger than twice two doublings still has the photo's size."""
    picture = np.full((700, 500, 3), 90, np.uint8)
    picture[100:600, 150:350] = 210
    alpha = matter().matte(picture, mask((700, 500), slice(100, 600), slice(150, 350)))
    assert alpha.shape == (700, 500) and np.isfinite(alpha).all()


def test_all_people_are_matted_without_a_rough_mask() -> None:
    alpha = matter().everyone(photo())
    assert alpha.shape == (120, 90) and 0 <= alpha.min() <= alpha.max() <= 1


def test_an_alpha_keeps_its_soft_edge_at_full_size() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    whole = full_size(
        lambda images, alphas: alphas, photo(64, 64), ramp, (0, 0, 64, 64), DetailConfig()
    )
    assert np.abs(whole - ramp).max() < 0.04
    assert whole[:, 3].min() > 0, "of 5 percent something is left"


def test_a_window_is_widened_where_an_alpha_is_cut_off_inside_the_photo() -> None:
    alpha = mask((40, 40), slice(10, 40), slice(0, 20))
    cut_off = matter()._cut_off
    assert cut_off(alpha, (5, 5, 40, 40), (90, 90)) == (True, False, False, True)
    assert cut_off(alpha, (0, 5, 40, 40), (45, 90)) == (False, False, False, False)


def test_only_tiles_with_an_edge_are_refined() -> None:
    alpha = mask((64, 64), slice(0, 64), slice(0, 24))
    assert soft_tiles(alpha, 16) == [(row, 16) for row in range(0, 64, 16)]
    assert soft_tiles(np.ones((64, 64), np.float32), 16) == []


def test_weights_come_from_a_folder_with_their_calibration(tmp_path) -> None:
    matter()._network.save_pretrained(tmp_path)
    assert NetworkMatter.from_folder(tmp_path).calibration == Calibration()
    (tmp_path / "calibration.json").write_text('{"threshold": 0.3, "score_weight": 0.7}')
    assert NetworkMatter.from_folder(tmp_path).calibration == Calibration(0.3, 0.7)
    with pytest.raises(FileNotFoundError):
        NetworkMatter.from_folder(tmp_path / "nothing")


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        MattingUNet()(torch.zeros(1, 5, 100, 64))
    with pytest.raises(ValueError, match="expected crops"):
        MattingUNet()(torch.zeros(1, 4, 64, 64))
