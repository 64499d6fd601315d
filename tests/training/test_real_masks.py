"""Pairs of real rough and true masks, families of damage, and the choice of thresholds."""

import json

import numpy as np
import pytest
import torch

from bgswap.detection.mask_autoencoder import MaskRefiner
from bgswap.detection.mask_squares import RefinerConfig
from bgswap.networks import MaskAutoencoder
from bgswap.types import Person
from training.common.metrics import iou
from training.detector.candidates import LabelledPicture, Shard, crops_of
from training.mask_autoencoder import fit_belief
from training.mask_autoencoder.damaged_masks import DamagedMasks
from training.mask_autoencoder.real_masks import FAMILIES, Pair, RealMasks, load_pairs
from training.mask_autoencoder.train import MaskTask

SIZE = (120, 160)


def figure(shift: int = 0) -> np.ndarray:
    mask = np.zeros(SIZE, np.float32)
    mask[20:100, 60 + shift : 90 + shift] = 1
    mask[10:24, 68 + shift : 82 + shift] = 1
    return mask


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("candidates")
    for number, part in enumerate(("train", "check")):
        shard = Shard(folder, part, number)
        for shift in range(0, 40, 8):
            true = figure(shift)
            rough = true.copy()
            rough[50:62, 70 + shift : 80 + shift] = 0
            person = Person(0, (60.0 + shift, 10.0, 90.0 + shift, 100.0), 0.8, rough)
            truth = np.uint8(true * 255)
            shown = LabelledPicture(
                np.full((*SIZE, 3), 80, np.uint8), [truth], truth, np.ones(SIZE, bool)
            )
            for crop, entry in crops_of(shown, [person]):
                shard.add(crop, (*entry, shift))
        shard.write()
    return folder


def test_a_stored_crop_becomes_the_refiners_square(gathered):
    found = load_pairs(gathered, "train")
    assert len(found) == 5
    for pair in found:
        assert pair.rough.shape == pair.true.shape == (128, 128)
        x0, y0, x1, y1 = pair.box
        # the longer side with a margin of an eighth on both sides fills the square
        assert y1 - y0 == pytest.approx(128 / 1.25, abs=2)
        rows, columns = np.nonzero(pair.true > 127)
        assert (rows.min(), rows.max()) == pytest.approx((y0, y1), abs=2.5)
        assert (columns.min(), columns.max()) == pytest.approx((x0, x1), abs=2.5)


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_damages_and_leaves_a_person(name):
    true = np.float32(load_like())
    for seed in range(5):
        damaged = FAMILIES[name](true, np.random.default_rng(seed))
        again = FAMILIES[name](true, np.random.default_rng(seed))
        np.testing.assert_array_equal(damaged, again)
        assert 0 <= damaged.min() <= damaged.max() <= 1
        assert 0.5 < iou(damaged, true) < 1


def load_like() -> np.ndarray:
    mask = np.zeros((128, 128), np.float32)
    mask[34:112, 45:85] = 1
    mask[16:34, 56:74] = 1
    return mask


def test_samples_are_real_or_damaged_and_the_same_by_number(gathered):
    drawn = DamagedMasks({}, 6, 32, seed=1)
    mixed = RealMasks(load_pairs(gathered, "train"), drawn, share=1.0)
    rough, true = mixed[3]
    assert rough.shape == true.shape == (1, 32, 32)
    assert torch.equal(mixed[3][0], rough)
    none = RealMasks(mixed.found, drawn, share=0.0)
    assert torch.equal(none[3][0], drawn[3][0])


def test_a_task_learns_from_candidates(gathered):
    task = MaskTask(None, 32, 8, 0, held_out=4, candidates=gathered)
    assert task.config["real masks"] == 5
    assert len(task.validation) == 4


class Fills(MaskAutoencoder):
    """Closes holes: what the mean of a pixel's surroundings says."""

    def forward(self, masks: torch.Tensor) -> torch.Tensor:
        wide = torch.nn.functional.max_pool2d(masks, 9, 1, 4)
        return -torch.nn.functional.max_pool2d(-wide, 9, 1, 4)


def test_a_network_that_improves_masks_is_used_and_one_that_harms_is_not(gathered):
    found = load_pairs(gathered, "check")
    assert fit_belief.chosen(MaskRefiner(Fills(side=64)), found) is not None

    class Spoils(MaskAutoencoder):
        def forward(self, masks: torch.Tensor) -> torch.Tensor:
            return 1 - masks

    assert fit_belief.chosen(MaskRefiner(Spoils(side=64)), found) is None


def test_methods_are_compared_on_every_family():
    true = np.uint8(load_like() * 255)
    table = fit_belief.families(fit_belief.BASELINES, [Pair(true, true, (45, 16, 85, 112))])
    assert set(table) == {"as it is", *fit_belief.BASELINES}
    assert set(table["median 9"]) == {"real", *FAMILIES}
    assert table["as it is"]["real"] == 1
    assert all(0.2 < table["as it is"][name] < 1 for name in FAMILIES)
    # a clean mask keeps its shape but for the corners
    assert table["median 5"]["real"] > 0.9


def test_what_was_chosen_lies_beside_the_weights(tmp_path):
    MaskAutoencoder(side=32).save_pretrained(tmp_path)
    assert MaskRefiner.from_folder(tmp_path).config == RefinerConfig()
    (tmp_path / "calibration.json").write_text(json.dumps({"doubt": 0.1, "belief": 0.4}))
    assert MaskRefiner.from_folder(tmp_path).config == RefinerConfig(0.1, 0.4)
    (tmp_path / "calibration.json").write_text('{"doubt": 0.9, "belief": 0.4}')
    with pytest.raises(ValueError, match="doubt"):
        MaskRefiner.from_folder(tmp_path)
