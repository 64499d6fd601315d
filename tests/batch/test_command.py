"""The command as a person meets it, with the starter models."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from photos import BUS, ZIDANE, empty_photo
from PIL import Image

from bgswap.batch import command
from bgswap.batch.worker import SwapWorker
from bgswap.cli import running
from bgswap.io import metadata

CODE = "import sys; from bgswap.batch.command import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos with people and one without, of 0.1 megapixels."""
    folder = tmp_path_factory.mktemp("photos")
    for path, size in ((BUS, (270, 360)), (ZIDANE, (400, 225))):
        Image.open(path).resize(size).save(folder / f"{path.stem}.png")
    Image.fromarray(empty_photo()).save(folder / "empty.png")
    return folder


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, arguments), "--steps", "1"],
        env=os.environ | {"BGSWAP_DEVICE": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pictures(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.png")}


def test_a_real_batch_is_killed_and_goes_on_to_what_one_worker_makes(
    photos: Path, tmp_path: Path
) -> None:
    asked = (photos, "--prompt", "a forest", "--people", "largest")
    killed, alone = tmp_path / "killed", tmp_path / "alone"
    process = start(*asked, "--out", killed, "--workers", "2")
    while process.poll() is None and not pictures(killed):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    for out, workers in ((killed, 2), (alone, 1)):
        process = start(*asked, "--out", out, "--workers", workers, "--json")
        output, errors = process.communicate()
        assert process.returncode == running.SOME_FAILED, errors
        summary = json.loads(output)
        assert (summary["done"], summary["left"]) == (2, 0)
        assert [Path(one["path"]).name for one in summary["failed"]] == ["empty.png"]
        assert summary["failed"][0]["error"] == "No person detected"
        assert "Traceback" not in errors and "failed=1" in errors
    assert pictures(killed) == pictures(alone) != {}
    lines = [json.loads(line) for line in (killed / "manifest.jsonl").read_text().splitlines()]
    assert sorted(line["output"] for line in lines) == ["bus.png", "empty.png", "zidane.png"]
    done = next(line for line in lines if line["output"] == "bus.png")
    assert metadata.read(killed / "bus.png")["seed"] == done["seed"]
    assert done["models"]["scene"]["kind"] == "starter" and done["seconds"] > 0


@pytest.fixture(scope="module")
def worker_of() -> Callable[[Path], SwapWorker]:
    """The worker in this process, its models loaded once."""
    made: list[SwapWorker] = []

    def of(out: Path) -> SwapWorker:
        if not made:
            made.append(SwapWorker(command.Settings.from_env(models="starter"), out))
        made[0]._out = out
        return made[0]

    return of


class InProcess:
    """An engine without processes."""

    def __init__(self, worker: SwapWorker) -> None:
        self.worker = worker

    def __call__(self, jobs):
        for job in jobs:
            yield self.worker.make(job, self.worker.read(job))


def test_one_scene_is_painted_once_and_fitted_to_each_frame(
    photos: Path, tmp_path: Path, worker_of, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(command, "_engine", lambda asked, settings: InProcess(worker_of(out)))
    named = [str(photos / "bus.png"), str(photos / "zidane.png")]
    asked = [*named, "--out", str(out), "--prompt", "a forest", "--same-scene", "--steps", "2"]
    assert command.main(asked) == 0, capsys.readouterr().err
    (scene,) = (out / ".bgswap").glob("scene-*.png")
    painted = np.asarray(Image.open(scene))
    assert painted.shape[0] > painted.shape[1], "it has the aspect of the first photo"
    swapper = worker_of(out)._swapper
    for name in ("bus", "zidane"):
        photo = np.asarray(Image.open(photos / f"{name}.png"))
        result = np.asarray(Image.open(out / f"{name}.png"))
        alpha = swapper.matte(photo, swapper.find_people(photo))
        assert np.array_equal(result[alpha == 1], photo[alpha == 1]) and (alpha == 1).mean() > 0.05
        frame = Image.fromarray(middle(painted, photo.shape[1] / photo.shape[0]))
        expected = np.asarray(frame.resize(photo.shape[1::-1], Image.Resampling.BICUBIC))
        off = np.abs(expected.astype(int) - result)[alpha == 0].mean()
        assert off < 4, f"{name}: the background is another one, {off:.1f} levels off"
    seeds = {metadata.read(out / f"{name}.png")["seed"] for name in ("bus", "zidane")}
    assert seeds == {metadata.read(scene)["seed"]}


def middle(scene: np.ndarray, aspect: float) -> np.ndarray:
    height, width = scene.shape[:2]
    if width / height > aspect:
        kept = round(height * aspect)
        return scene[:, (width - kept) // 2 :][:, :kept]
    kept = round(width / aspect)
    return scene[(height - kept) // 2 :][:kept]


def test_a_photo_that_is_damaged_or_gone_is_a_row(
    photos: Path, tmp_path: Path, worker_of, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out, broken = tmp_path / "out", tmp_path / "broken.jpg"
    broken.write_bytes(BUS.read_bytes()[:20_000])
    monkeypatch.setattr(command, "_engine", lambda asked, settings: InProcess(worker_of(out)))
    # Photos may stand anywhere among the options.
    asked = [str(broken), "--out", str(out), "--prompt", "a forest", "--people", "9"]
    assert command.main([*asked, str(photos / "bus.png")]) == running.SOME_FAILED
    output = capsys.readouterr().out
    assert f"failed: {broken}: the photo is damaged or cut off" in output
    assert "bus.png: There is no person 9" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: --out"),
        (["--out", "out"], "no photos"),
        (["none.jpg", "--out", "out", "--prompt", "snow"], "no file"),
        (["bus.png", "--out", "out"], "few words"),
        (["bus.png", "--out", "out", "--background", "#12"], "written '#rrggbb'"),
        (["bus.png", "--out", "out", "--background", "none.png"], "there is no file"),
        (["bus.png", "--out", "out", "--background", "transparent", "--format", "jpeg"], "JPEG"),
        (["bus.png", "--out", "out", "--prompt", " "], "few words"),
        (["bus.png", "--out", "out", "--prompt", "x", "--background", "blur"], "not allowed with"),
        (["bus.png", "--out", "out", "--prompt", "x", "--people", "some"], "people must be"),
        (["bus.png", "--out", "out", "--prompt", "x", "--light", "7"], "light must be"),
        (["bus.png", "--out", "out", "--prompt", "x", "--steps", "few"], "steps must be"),
        (["bus.png", "--out", "out", "--prompt", "x", "--workers", "0"], "workers must be"),
        (["bus.png", "--out", "out", "--prompt", "x", "--models", "best"], "invalid choice"),
        (["bus.png", "--out", "out", "--prompt", "x", "--format", "gif"], "invalid choice"),
        (["--jobs", "jobs.csv", "--out", "out"], "jobs.csv, line 3: there is no file"),
        (["bus.png", "--out", "bus.png", "--prompt", "x"], "cannot be written"),
        (["bus.png", "--out", ".", "--prompt", "x"], "not the result of a batch"),
    ],
)
def test_bad_input_is_one_line_before_any_model_loads(
    photos: Path,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bus.png").write_bytes((photos / "bus.png").read_bytes())
    (tmp_path / "jobs.csv").write_text("path,prompt\nbus.png,snow\nnone.png,snow\n")

    def no_work(asked: object, settings: object) -> Callable:
        return lambda jobs: pytest.fail("workers were asked for")

    monkeypatch.setattr(command, "_engine", no_work)
    assert command.main(arguments) == running.BAD_INPUT
    output = capsys.readouterr()
    assert output.out == "" and output.err.startswith("bgswap: ") and output.err.count("\n") == 1
    assert said in output.err


def test_each_row_has_its_own_background(
    photos: Path, tmp_path: Path, worker_of, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out, rows = tmp_path / "out", tmp_path / "jobs.csv"
    Image.new("RGB", (64, 64), (10, 200, 30)).save(tmp_path / "green.png")
    backgrounds = ["#204060", "green.png", "transparent", "blur:20"]
    lines = [f"{photos / 'bus.png'},{background}" for background in backgrounds]
    rows.write_text("\n".join(["path,background", *lines]))
    monkeypatch.setattr(command, "_engine", lambda asked, settings: InProcess(worker_of(out)))
    assert command.main(["--jobs", str(rows), "--out", str(out)]) == 0, capsys.readouterr().err
    made = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    color, picture, nothing, blur = (Image.open(out / line["output"]) for line in made)
    assert color.getpixel((5, 5)) == (32, 64, 96) and picture.getpixel((5, 5)) == (10, 200, 30)
    assert nothing.mode == "RGBA" and nothing.getpixel((5, 5))[3] == 0
    assert blur.getpixel((5, 5)) not in ((32, 64, 96), (10, 200, 30))
    assert [metadata.read(out / line["output"]).get("background") for line in made] == [
        "color", "picture", "transparent", "blur",
    ]  # fmt: skip


def test_help_names_every_exit_status(capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    assert "4 some photos failed" in " ".join(capsys.readouterr().out.split())
