"""Official files are pickles: nothing in them is run, and what was fetched must not change."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bad_weights
import pytest
import torch
from bad_weights import RunsCommand

from bgswap import ModelUnavailable, Settings
from bgswap.detection.checkpoints import read_own
from bgswap.models import WeightStore, official
from bgswap.models.manager import ModelManager

FILE = "yolov8m-seg.pt"


def inside_the_network(trace: Path) -> object:
    checkpoint = bad_weights.official_checkpoint()
    checkpoint["model"].args = RunsCommand(trace)
    return checkpoint


SMUGGLED: dict[str, Callable[[Path], object]] = {
    "as the file": RunsCommand,
    "as the model": lambda trace: {"model": RunsCommand(trace)},
    "as the averaged model": lambda trace: {
        **bad_weights.official_checkpoint(),
        "ema": RunsCommand(trace),
    },
    "among the arguments": lambda trace: {
        **bad_weights.official_checkpoint(),
        "train_args": {"data": RunsCommand(trace)},
    },
    "inside the network": inside_the_network,
}


@pytest.fixture(autouse=True)
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ModelUnavailable("github.com cannot be reached")

    monkeypatch.setattr(official, "fetch", refuse)


@pytest.mark.parametrize("where", SMUGGLED)
def test_a_cached_pickle_runs_nothing(tmp_path: Path, where: str) -> None:
    trace = tmp_path / "trace"
    torch.save(SMUGGLED[where](trace), tmp_path / FILE)
    settings = Settings(cache=tmp_path, device="cpu")
    loaded = ModelManager(settings, WeightStore(settings)).detector()
    assert loaded.weights.kind == "starter"
    assert f"{FILE} cannot be used" in loaded.note
    assert not trace.exists()
    torch.load(tmp_path / FILE, weights_only=False)
    assert trace.exists()  # the file would have run it


@pytest.mark.parametrize(("first", "kind"), [("", "full"), ("import ultralytics", "starter")])
def test_in_a_process_of_its_own(tmp_path: Path, first: str, kind: str) -> None:
    """The program sets up restricted loading; where it comes too late for that it loads nothing."""
    torch.save(bad_weights.official_checkpoint(), tmp_path / FILE)
    code = f"""
{first}
from pathlib import Path
from bgswap import Settings
from bgswap.models.manager import ModelManager
from bgswap.models import WeightStore
settings = Settings(cache=Path({str(tmp_path)!r}), device="cpu", models="auto")
print(ModelManager(settings, WeightStore(settings)).detector().weights.kind)
"""
    environment = {k: v for k, v in os.environ.items() if k != "ULTRALYTICS_SAFE_LOAD"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == kind, run.stderr


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1:9/yolov8n-seg", "../yolov8n-seg", "yolov8n-seg.yaml", "yolov8n", 8]
)
def test_an_architecture_is_a_name_and_no_place(tmp_path: Path, name: object) -> None:
    """Of a description from elsewhere ultralytics would run code."""
    folder = bad_weights.detector_folder(tmp_path / "full")
    bad_weights.configured(architecture=name)(folder)
    with pytest.raises(ModelUnavailable, match="is no YOLOv8-seg architecture"):
        read_own(folder)


def test_a_file_that_is_not_the_one_that_was_fetched_is_refused(tmp_path: Path) -> None:
    torch.save(bad_weights.official_checkpoint(), tmp_path / FILE)
    settings = Settings(cache=tmp_path)
    assert WeightStore(settings).get("person_detector").kind == "full"
    official.write_digest(tmp_path / FILE)
    assert WeightStore(settings).get("person_detector").kind == "full"
    torch.save(bad_weights.official_checkpoint({0: "person"}), tmp_path / FILE)
    weights = WeightStore(settings).get("person_detector")
    assert weights.kind == "starter"
    assert "github.com cannot be reached" in weights.note


@pytest.mark.parametrize("content", ["", "nonsense", "0" * 64])
def test_a_digest_that_does_not_match_refuses_the_file(tmp_path: Path, content: str) -> None:
    torch.save(bad_weights.official_checkpoint(), tmp_path / FILE)
    (tmp_path / f"{FILE}.sha256").write_text(content)
    assert WeightStore(Settings(cache=tmp_path)).get("person_detector").kind == "starter"
