"""Training the matting network: what it is shown, its losses, and going on after a stop."""

import pytest
import torch
from banks import drawn_banks

from bgswap.networks import MattingUNet
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


def test_who_asks_for_everybody_shows_half_everywhere_and_no_others(crops):
    everybody = (crops.inputs[:, 3] == 0.5).flatten(1).all(1)
    assert 0 < int(everybody.sum()) < 32
    assert float(crops.inputs[everybody, 4].max()) == 0
    assert not bool(crops.clear[everybody].any())


def test_where_nobody_is_asked_for_nothing_is_to_be_found(crops):
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
def small(monkeypatch):
    """A trainer of a small network on small crops, from drawn banks."""
    monkeypatch.setattr(train, "SIZES", ((64, 64),))
    monkeypatch.setattr(train, "TURNS", (0,))
    monkeypatch.setattr(
        train, "MattingUNet", lambda: MattingUNet((8, 8, 8, 8, 8), (1,) * 5, (1,) * 4)
    )
    monkeypatch.setattr("training.matting.crops.SIDE", 64)

    def trainer():
        torch.manual_seed(0)
        return train.Trainer(Composer(*drawn_banks(), seed=1), 0.01, compiled=False)

    return trainer


def test_a_run_goes_on_from_its_state(small, tmp_path):
    first = small()
    losses = [first.train_step(2, 2) for _ in range(3)]
    assert all(torch.isfinite(loss["total"]) for loss in losses)
    first.save(tmp_path)
    second = small()
    second.load(tmp_path / "state.pt")
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert second.optimizer.state_dict()["state"]


def test_saved_weights_load_into_the_network(small, tmp_path):
    trainer = small()
    trainer.train_step(2, 2)
    trainer.save(tmp_path)
    other = small()
    other.start_from(tmp_path)
    pairs = zip(trainer.average.module.parameters(), other.network.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-2) for a, b in pairs)
