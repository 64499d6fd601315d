"""What a run shows while it goes on: curves, trackers, sheets, lines of one process."""

import logging
from pathlib import Path
from typing import ClassVar

import pytest
from accelerate.tracking import GeneralTracker, register_tracker_class
from test_loop import make_mask_task, settings

from training.common import console
from training.common.loop import train
from training.common.plots import curves
from training.common.progress import Progress
from training.common.tasks import LoopSettings


class Notes(GeneralTracker):
    """Keeps what it is told."""

    name = "notes"
    requires_logging_directory = False
    told: ClassVar[list[tuple[int, dict]]] = []
    configs: ClassVar[list[dict]] = []

    def __init__(self, run_name: str, **_: object) -> None:
        super().__init__()
        self.run_name = run_name

    @property
    def tracker(self) -> "Notes":
        return self

    def store_init_configuration(self, values: dict) -> None:
        self.configs.append(values)

    def log(self, values: dict, step: int, **_: object) -> None:
        self.told.append((step, values))


register_tracker_class(Notes)


def test_a_tracker_is_sent_both_curves_by_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("training.common.runs.READ_EVERY", 3)
    Notes.told.clear()
    few = {"epochs": 2, "batch": 6, "learning_rate": 0.003, "cpu": True, "track": "notes"}
    metrics = train(make_mask_task(tmp_path), LoopSettings(tmp_path, **few))
    training = {step: row for step, row in Notes.told if "training/total" in row}
    validation = {step: row for step, row in Notes.told if "validation/total" in row}
    # Epochs of four steps; every third step, and the end of each epoch.
    assert list(training) == [3, 4, 6, 8] and list(validation) == [4, 8]
    assert validation[8]["validation/total"] == metrics["final"]["validation"]["total"]
    assert training[3]["learning rate"] > training[8]["learning rate"]
    first = (3 * training[3]["training/total"] + training[4]["training/total"]) / 4
    assert first == pytest.approx(metrics["history"][0]["training"]["total"])
    assert Notes.configs[-1]["side"] == 32


def test_a_tracker_that_is_not_there_is_told_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "get_available_trackers", list)
    for name, told in (("wandb", "pip install wandb"), ("paper", "expected one of .*tensorboard")):
        with pytest.raises(ValueError, match=told):
            console.tracker(name)
    assert console.tracker("") is None


def test_each_epoch_leaves_a_sheet_and_the_curves(tmp_path):
    train(make_mask_task(tmp_path), settings(tmp_path))
    for path in ("epochs/001/sheet.png", "epochs/002/sheet.png", "sheet.png", "curves.png"):
        assert (tmp_path / path).stat().st_size > 0
    sheets = [(tmp_path / f"epochs/00{n}/sheet.png").read_bytes() for n in (1, 2)]
    assert sheets[0] != sheets[1]


def test_a_curve_of_one_point_is_seen():
    progress = Progress(curve=[{"step": 4, "total": 0.5}])
    progress.history = [{"step": 4, "validation": {"total": 0.4}}]
    (panel,) = curves(progress).axes
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in panel.lines] == [
        ([4], [0.5]),
        ([4], [0.4]),
    ]
    assert all(line.get_marker() not in ("", "None", None) for line in panel.lines)


@pytest.mark.parametrize(("rank", "level"), [("0", logging.INFO), ("1", logging.ERROR)])
def test_one_process_tells_its_lines(rank, level, monkeypatch):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    before = logging.getLogger().level
    try:
        console.configure_logging()
        assert logging.getLogger().level == level
    finally:
        logging.getLogger().setLevel(before)


def test_many_files_show_a_bar_in_the_first_process_alone(monkeypatch, capsys):
    many = list(range(console.SHOWN_FROM))
    for rank, seen in (("0", True), ("1", False)):
        monkeypatch.setenv("RANK", rank)
        assert list(console.shown(many, "reading faces")) == many
        assert ("reading faces" in capsys.readouterr().err) == seen
    monkeypatch.setenv("RANK", "0")
    assert list(console.shown(many[:5], "reading faces")) == many[:5]
    assert not capsys.readouterr().err


def test_the_bar_tells_what_is_left_of_the_whole_run(tmp_path: Path, capsys):
    train(make_mask_task(tmp_path), settings(tmp_path))
    err = capsys.readouterr().err
    assert "epoch 1 of 2:   0%" in err
    assert "epoch 2 of 2:  50%" in err and "epoch 2 of 2: 100%" in err
