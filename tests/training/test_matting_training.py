"""Training the matting network: what it is shown, its losses, and going on after a stop."""

import json

import pytest
import torch
from banks import drawn_banks
from timed_runs import assert_resumes, ticking

from bgswap.networks import MattingUNet
from training.common.loop import train_for
from training.matting import train
from training.matting.alpha_losses import alpha_losses, score_loss
from training.matting.crops import draw_crops
from training.synthesis.composer import Composer
from training.synthesis.damage import Damage


@pytest.fixture(scope="module")
def crops():
    torch.manual_seed(0)
    composer = Composer(*drawn_banks(), seed=1)
    return draw_crops(composer, Damage(composer.generator), 16, 2, (96, 64))


def test_crops_have_the_networks_inputs(crops):
    assert crops.inputs.shape == (32, 5, 96, 64)
    assert float(crops.inputs[:, :3].min()) >= -1
    assert crops.alpha.shape == crops.weight.shape == (32, 1, 96, 64)


def test_crops_of_all_people_have_a_rough_mask_of_one_half_and_no_others(crops):
    everybody = (crops.inputs[:, 3] == 0.5).flatten(1).all(1)
    assert 0 < int(everybody.sum()) < 32
    assert float(crops.inputs[everybody, 4].max()) == 0
    assert not bool(crops.clear[everybody].any())


def test_negative_crops_have_an_empty_alpha(crops):
    nobody = crops.somebody == 0
    assert bool(nobody.any())
    assert float(crops.alpha[nobody].max()) == 0


def test_beyond_the_photo_nothing_counts_and_all_is_grey(crops):
    beyond = crops.weight == 0
    grey = (crops.inputs[:, :3] == 0).all(1, keepdim=True)
    assert bool((grey & beyond).any())
    assert float(crops.weight[grey].max()) == 0


def test_losses_fall_with_the_error_and_ignore_what_does_not_count():
    true = torch.zeros(1, 1, 64, 64)
    true[..., 16:48, 16:48] = 1
    weight, photo = torch.ones_like(true), torch.zeros(1, 3, 64, 64)
    good, bad = (true * 2 - 1) * 8, (true * 2 - 1) * -8
    for name, value in alpha_losses(good, true, weight, photo).items():
        assert float(value) < float(alpha_losses(bad, true, weight, photo)[name])
    unseen = alpha_losses(bad, true, 0 * weight, photo)
    assert float(unseen["cross_entropy"]) == float(unseen["pyramid"]) == 0


def test_scores_count_where_it_is_clear():
    scores, somebody = torch.tensor([4.0, -4.0]), torch.tensor([1.0, 1.0])
    assert float(score_loss(scores, somebody, torch.tensor([1.0, 0.0]))) < 0.1
    assert float(score_loss(scores, somebody, torch.tensor([1.0, 1.0]))) > 1


@pytest.fixture
def make(monkeypatch):
    """Makes the task of a folder: a small network on small crops, from drawn banks."""
    monkeypatch.setattr(train, "SIZES", ((64, 64), (64, 32)))
    monkeypatch.setattr(train, "TURNS", (0, 1))
    monkeypatch.setattr(
        train, "MattingUNet", lambda: MattingUNet((8, 8, 8, 8, 8), (1,) * 5, (1,) * 4)
    )
    monkeypatch.setattr("training.matting.crops.SIDE", 64)

    def task(folder, **changes):
        torch.manual_seed(0)
        composer = Composer(*drawn_banks())
        return train.MattingTask(composer, folder, pictures=2, each=2, rate=0.01, **changes)

    return task


def settings(folder, resume=False):
    flags = ["--pack", "none", "--out", str(folder), "--seconds", "5", "--seed", "1"]
    return train.settings_from(train.parser().parse_args(flags + ["--resume"] * resume))


@pytest.mark.parametrize("step", [1, 4])
def test_interrupted_and_resumed_is_the_same(make, step, tmp_path):
    assert_resumes(make, settings, step, tmp_path)


def test_saved_weights_are_the_average_and_load_into_the_network(make, tmp_path):
    task = make(tmp_path)
    train_for(task, settings(tmp_path), ticking())
    other = make(tmp_path / "other", start_from=tmp_path)
    for name, weights in other.network.state_dict().items():
        if not name.endswith("tracked"):
            averaged = task.average.state_dict()[name]
            assert torch.allclose(weights, averaged, atol=1e-2), name
    pairs = zip(task.average.parameters(), task.network.parameters(), strict=True)
    assert not all(torch.equal(average, last) for average, last in pairs)
    told = json.loads((tmp_path / "progress.json").read_text())
    assert (told["steps"], told["seconds"], told["scenes"]) == (5, 5, 3)
