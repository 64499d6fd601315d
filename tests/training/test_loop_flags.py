"""Schedule, warm-up, moving average, trained first weights, more epochs, recipes."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from test_loop import interrupt_at, make_mask_task, write_faces
from torch import nn

from training.common import saved_states
from training.common.average import moving_average
from training.common.epochs import EpochRun
from training.common.export import save_hub_folder
from training.common.facts import RunFacts
from training.common.loop import train
from training.common.tasks import LoopSettings
from training.face_vae.train import WARMUP, FaceTask, main
from training.mask_autoencoder.train import MaskTask


def settings(run: Path, **others: object) -> LoopSettings:
    values = {"epochs": 2, "batch": 6, "learning_rate": 0.003, "seed": 4, "cpu": True} | others
    return LoopSettings(run, **values)


def rates(task: MaskTask, chosen: LoopSettings) -> list[float]:
    """The learning rate of each step."""
    found, losses = [], task.losses
    with EpochRun(task, chosen) as run:
        for _ in range(run.epochs * run.steps):
            found.append(run.optimizers[0].param_groups[0]["lr"])
            run.optimizers[0].step()
            run.schedulers[0].step()
    assert losses == task.losses
    return found


def test_the_learning_rate_rises_then_falls_or_stays(tmp_path):
    cosine = rates(make_mask_task(tmp_path), settings(tmp_path / "a"))
    expected = [0.003 * 0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(8)]
    assert cosine == pytest.approx(expected)
    chosen = settings(tmp_path / "b", schedule="constant", warmup=3)
    constant = rates(make_mask_task(tmp_path), chosen)
    assert constant == pytest.approx([0.003 * share for share in (0.25, 0.5, 0.75, 1, 1, 1, 1, 1)])


def test_an_average_is_resumed_too_and_is_what_is_kept(tmp_path):
    chosen = {"ema": 0.9, "warmup": 2, "epochs": 2}
    whole = train(make_mask_task(tmp_path), settings(tmp_path / "whole", **chosen))
    task = make_mask_task(tmp_path)
    interrupt_at(task, 5)
    with pytest.raises(SystemExit):
        train(task, settings(tmp_path / "parts", **chosen))
    resumed = train(make_mask_task(tmp_path), settings(tmp_path / "parts", resume=True, **chosen))
    assert resumed["history"] == whole["history"]
    ends = [saved_states.newest(tmp_path / run) for run in ("whole", "parts")]
    for name in ("model.safetensors", "model_1.safetensors"):
        first, second = (load_file(end / name) for end in ends)
        assert all(torch.equal(first[key], second[key]) for key in first)
    kept = torch.load(tmp_path / "whole" / "autoencoder.pth", weights_only=True)
    average = load_file(ends[0] / "model_1.safetensors")
    assert torch.equal(kept["encoder.0.weight"], average["module.encoder.0.weight"])


def test_a_moving_average_by_hand():
    network = nn.Linear(1, 1, bias=False)
    for ramp, second in ((True, (1 + 1) / (10 + 1)), (False, 0.5)):
        network.weight.data.fill_(0.0)
        average = moving_average(network, 0.5, ramp)
        average.update_parameters(network)
        network.weight.data.fill_(1.0)
        average.update_parameters(network)
        assert average.module.weight.item() == pytest.approx(1 - second)
    with pytest.raises(ValueError, match="decay"):
        moving_average(network, 1.0)


def test_more_epochs_go_on_from_a_finished_run(tmp_path):
    train(make_mask_task(tmp_path), settings(tmp_path, epochs=1))
    metrics = train(make_mask_task(tmp_path), settings(tmp_path, epochs=1, more_epochs=2))
    assert [entry["epoch"] for entry in metrics["history"]] == [1, 2, 3]
    with pytest.raises(ValueError, match="other epochs"):
        train(make_mask_task(tmp_path), settings(tmp_path, epochs=1, resume=True))


def test_a_run_starts_from_trained_weights(tmp_path):
    torch.manual_seed(9)
    trained = make_mask_task(tmp_path).network
    nn.init.constant_(trained.encoder[0].bias, 0.25)
    save_hub_folder(trained, tmp_path / "hub", "mask-autoencoder", RunFacts())
    task = make_mask_task(tmp_path)
    EpochRun(task, settings(tmp_path / "run", start_from=str(tmp_path / "hub")))
    assert torch.all(task.network.encoder[0].bias == 0.25)
    for wrong, told in ((tmp_path, "no weights"), ("no repository at all", "neither a folder")):
        with pytest.raises((ValueError, FileNotFoundError), match=told):
            EpochRun(make_mask_task(tmp_path), settings(tmp_path / "x", start_from=str(wrong)))


def test_the_divergence_counts_more_and_more_in_training_and_wholly_in_validation(tmp_path):
    faces = write_faces(tmp_path / "faces", 4, 2)
    task = FaceTask(faces, 4, 1.0, 0.0, download=False, seed=0, kl_warmup=10)
    batch = [torch.stack(part) for part in zip(task.training[0], task.training[1], strict=True)]
    weights = []
    for step, training in ((0, True), (5, True), (50, True), (5, False)):
        task.step = step
        losses = task.losses(task.network.train(training), batch)
        rest = losses["total"] - losses["reconstruction"]
        weights.append((rest / losses["kl"]).item())
    np.testing.assert_allclose(weights, [0, 0.5, 1, 1], atol=1e-3)


def test_the_loss_stays_after_a_start_as_principal_components(tmp_path):
    faces = write_faces(tmp_path / "faces", 120, 2)
    largest = []
    for warmup in (WARMUP, 0):
        task = FaceTask(faces, 64, 0.1, 0.0, download=False, seed=0)
        task.begin()
        seen, losses = [], task.losses

        def watched(network, batch, losses=losses, seen=seen):
            found = losses(network, batch)
            seen.extend([found["total"].item()] * network.training)
            return found

        task.losses = watched
        chosen = settings(
            tmp_path / str(warmup), epochs=1, batch=30, learning_rate=0.001, warmup=warmup
        )
        train(task, chosen)
        largest.append(max(seen) / seen[0])
    assert largest[0] < 1.5 < largest[1]


def test_the_seed_recipe_is_the_original_and_other_flags_come_first(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("training.common.loop.train", lambda task, chosen: seen.append(chosen))
    faces = write_faces(tmp_path / "faces", 4, 2)
    tasks = []
    monkeypatch.setattr(FaceTask, "begin", lambda self: tasks.append(self))
    flags = ["--data", str(faces), "--out", str(tmp_path / "run"), "--latent", "4"]
    assert main([*flags, "--recipe", "seed"]) == 0
    assert main([*flags, "--recipe", "seed", "--epochs", "3"]) == 0
    assert main(flags) == 0
    assert [(s.epochs, s.schedule, s.warmup) for s in seen[:2]] == [
        (20, "constant", 0),
        (3, "constant", 0),
    ]
    assert (seen[2].schedule, seen[2].warmup) == ("cosine", WARMUP) and len(tasks) == 1
