"""The loop: a run that was interrupted ends with the weights of one that was not."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from training.common import saved_states
from training.common.loop import train
from training.common.tasks import LoopSettings, Task
from training.face_vae.train import FaceTask
from training.mask_autoencoder.train import MaskTask


def write_faces(folder: Path, train_count: int = 18, val_count: int = 3) -> Path:
    """Pictures of random colors in place of faces."""
    rng = np.random.default_rng(0)
    for part, count in (("train", train_count), ("val", val_count)):
        (folder / part).mkdir(parents=True)
        for number in range(count):
            small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(small).resize((64, 64)).save(folder / part / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Path:
    return write_faces(tmp_path_factory.mktemp("faces"))


def make_mask_task(_: Path) -> Task:
    return MaskTask(None, side=32, samples=24, seed=4, held_out=4)


def make_face_task(faces: Path) -> Task:
    return FaceTask(faces, latent=8, kl_weight=0.2, degraded=0.5, download=False, seed=4)


TASKS = pytest.mark.parametrize("make", [make_mask_task, make_face_task])


def settings(run: Path, resume: bool = False, epochs: int = 2) -> LoopSettings:
    return LoopSettings(
        run, epochs=epochs, batch=6, learning_rate=0.003, seed=4, cpu=True, resume=resume
    )


def interrupt_at(task: Task, step: int) -> None:
    """Send the process a signal during that step."""
    losses, taken = task.losses, []

    def watched(network: torch.nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        if network.training:
            taken.append(1)
            if len(taken) == step:
                os.kill(os.getpid(), signal.SIGTERM)
        return losses(network, batch)

    task.losses = watched


@TASKS
@pytest.mark.parametrize("step", [2, 5])
def test_interrupted_and_resumed_is_the_same(make: Callable, step: int, faces, tmp_path):
    whole = train(make(faces), settings(tmp_path / "whole"))
    task = make(faces)
    interrupt_at(task, step)
    with pytest.raises(SystemExit):
        train(task, settings(tmp_path / "parts"))
    assert not (tmp_path / "parts" / "metrics.json").exists()
    resumed = train(make(faces), settings(tmp_path / "parts", resume=True))

    states = [
        load_file(saved_states.newest(tmp_path / run) / "model.safetensors")
        for run in ("whole", "parts")
    ]
    assert states[0].keys() == states[1].keys()
    for name, weights in states[0].items():
        assert torch.equal(weights, states[1][name]), name
    assert resumed["history"] == whole["history"]


@TASKS
def test_another_seed_gives_other_weights(make: Callable, faces, tmp_path):
    first = train(make(faces), settings(tmp_path / "a", epochs=1))
    again = train(make(faces), settings(tmp_path / "b", epochs=1))
    assert first["history"] == again["history"]
    other = LoopSettings(tmp_path / "c", epochs=1, batch=6, learning_rate=0.003, seed=5, cpu=True)
    assert train(make(faces), other)["history"] != first["history"]


@TASKS
def test_the_run_folder_holds_all_that_was_promised(make: Callable, faces, tmp_path):
    task = make(faces)
    train(task, settings(tmp_path, epochs=1))
    sheets = {"sheet.png"} if task.weights_name == "autoencoder.pth" else {"samples.png"}
    wanted = {"config.json", "metrics.json", "curves.png", "hub", task.weights_name} | sheets
    assert wanted <= {path.name for path in tmp_path.iterdir()}
    assert {p.name for p in (tmp_path / "hub").iterdir()} == {
        "config.json",
        "model.safetensors",
        "README.md",
    }
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["world_size"] == 1
    assert metrics["final"]["validation"]["total"] == metrics["best_validation_loss"]
    best = torch.load(tmp_path / task.weights_name, weights_only=True)
    shipped = type(task.network).from_pretrained(tmp_path / "hub", strict=True)
    for name, weights in shipped.state_dict().items():
        torch.testing.assert_close(weights, best[name].half().float(), msg=name)


def test_the_best_weights_are_kept_though_the_last_are_worse(tmp_path):
    task = make_mask_task(tmp_path)
    losses, worse = task.losses, []

    def second_epoch_fails(network, batch):
        found = losses(network, batch)
        if not network.training:
            worse.append(1)
            found["total"] = found["total"] + len(worse)
        return found

    task.losses = second_epoch_fails
    metrics = train(task, settings(tmp_path))
    totals = [entry["validation"]["total"] for entry in metrics["history"]]
    assert totals[0] < totals[1] and metrics["best_validation_loss"] == totals[0]
    best = torch.load(tmp_path / "autoencoder.pth", weights_only=True)
    last = load_file(saved_states.newest(tmp_path) / "model.safetensors")
    assert not torch.equal(best["encoder.0.weight"], last["encoder.0.weight"])


def test_a_missing_checkpoint_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
        train(make_mask_task(tmp_path), settings(tmp_path, resume=True))


def test_anothers_run_is_not_overwritten(tmp_path):
    (tmp_path / "checkpoint.pth").write_bytes(b"someone's work")
    with pytest.raises(FileExistsError, match="--resume"):
        train(make_mask_task(tmp_path), settings(tmp_path))


def test_resuming_with_other_settings_is_refused(tmp_path):
    train(make_mask_task(tmp_path), settings(tmp_path, epochs=1))
    with pytest.raises(ValueError, match="epochs"):
        train(make_mask_task(tmp_path), settings(tmp_path, resume=True, epochs=2))


def test_too_little_data_is_reported(tmp_path):
    few = LoopSettings(tmp_path, epochs=1, batch=100, learning_rate=0.1, cpu=True)
    with pytest.raises(ValueError, match="too few"):
        train(make_mask_task(tmp_path), few)


@pytest.mark.parametrize("name", ["epochs", "batch", "learning_rate", "checkpoint_every"])
def test_settings_must_be_above_zero(name, tmp_path):
    values = {"epochs": 1, "batch": 1, "learning_rate": 0.1, "checkpoint_every": 1} | {name: 0}
    with pytest.raises(ValueError, match=name):
        LoopSettings(out=tmp_path, **values)
