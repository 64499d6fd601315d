"""On borrowed GPUs every message reaches the visitor, and little is asked for.

Each test runs in a process of its own, where ``spaces`` is the stand-in from ``tests/zero_gpu``.
"""

import ast
import os
import subprocess
import sys
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from launch import ROOT, served
from photos import BUS, empty_photo
from PIL import Image

from bgswap import SwapOptions
from bgswap.ui.zero_gpu import FIND_SECONDS, swap_seconds, without_second_pass

BORROWED = {"SPACES_ZERO_GPU": "1", "PYTHONPATH": f"{ROOT / 'tests' / 'zero_gpu'}:{ROOT}"}


def run(code: str) -> str:
    """What the code prints where GPUs are gpu_tasks."""
    environment = os.environ | BORROWED
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def seconds(**options: object) -> int:
    return swap_seconds("photo.png", "a forest", "all", SwapOptions(**options), "stop", None)


def test_little_is_asked_for() -> None:
    assert FIND_SECONDS <= 10
    assert seconds(steps=4, preset="fast") <= 15
    assert seconds(preset="fast") <= 15
    assert seconds(steps=30, preset="quality") <= 30
    assert seconds(steps=100, variations=8) == 60
    # Twelve steps in all for a model of four, and sixty for one of twenty-five.
    assert seconds(preset="fast", second_pass="on") == ceil(8 + 0.2 * (12 + 12))
    assert seconds(preset="quality", second_pass="on") == ceil(8 + 0.2 * (75 + 60))
    assert seconds(preset="draft", second_pass="on") == seconds(preset="draft")


def test_a_borrowed_gpu_makes_a_second_pass_only_where_it_is_asked_for() -> None:
    for wanted, made in (("auto", "off"), ("on", "on"), ("off", "off")):
        assert without_second_pass(SwapOptions(second_pass=wanted)).second_pass == made


def test_half_of_the_daily_quota_is_enough() -> None:
    # Half the daily quota of a visitor without an account, in one request.
    assert seconds() * 1.5 <= 60


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("NoPersonDetected()", "NoPersonDetected: No person detected"),
        ("Stopped()", "Stopped: Stopped"),
        ("BadInput('the photo is a folder')", "BadInput: the photo is a folder"),
        ("KeyError('/srv/secret')", "BgSwapError: Something went wrong on our side."),
    ],
)
def test_errors_come_back_as_themselves(raised: str, told: str) -> None:
    code = f"""
from pathlib import Path
from bgswap.errors import *
from bgswap.ui.service import SwapService

class Swapper:
    def list_people(self, photo):
        raise {raised}

try:
    SwapService(Swapper(), "/nowhere").people_in(None, Path("/nowhere/stop"))
except BgSwapError as error:
    print(f"{{type(error).__name__}}: {{error}}")
"""
    assert run(code).startswith(told)


def test_stop_reaches_a_borrowed_swap(tmp_path: Path) -> None:
    code = f"""
import pathlib, time
from bgswap import Progress, Stopped, SwapOptions
from bgswap.ui.service import SwapService

class Swapper:
    list_people = None
    def swap(self, photo, prompt, people, options, tell, known):
        for step in range(1000):
            tell(Progress("scene", step, 1000))
            time.sleep(0.01)

stop = pathlib.Path({str(tmp_path)!r}) / "stop"
service = SwapService(Swapper(), {str(tmp_path)!r})
try:
    for progress in service.swapping("photo", "a forest", "all", SwapOptions(), stop):
        if progress.step == 3:
            stop.touch()
except Stopped as error:
    print(error, progress.step < 900)
"""
    assert run(code) == "Stopped True\n"


def test_models_are_placed_on_the_gpu_while_the_app_is_imported() -> None:
    code = """
from unittest.mock import Mock
import torch
from bgswap.models import manager

torch.cuda.is_available = lambda: True
placed = []
def get(self, role, load, *_):
    placed.append((role, self.device))
    return Mock()
manager.ModelManager._get = get
import app
print(placed)
"""
    placed = dict(ast.literal_eval(run(code).splitlines()[-1]))
    assert {"person_detector", "scene_starter"} < set(placed)
    assert set(placed.values()) == {"cuda"}


def test_the_served_app_answers_in_words(tmp_path: Path) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    with served(tmp_path, **BORROWED) as app:
        client = Client(app.url, verbose=False, download_files=tmp_path, analytics_enabled=False)
        with pytest.raises(AppError, match="No person detected"):
            client.predict(photo=handle_file(tmp_path / "empty.png"), api_name="/find_people")
        with pytest.raises(AppError, match="There is no person 99"):
            client.predict(
                photo=handle_file(BUS),
                prompt="a forest",
                people=[99],
                api_name="/replace_background",
            )
        path, details = client.predict(
            photo=handle_file(BUS), prompt="a forest", steps=1, api_name="/replace_background"
        )
    assert details["kept"]
    with Image.open(path) as picture:
        assert np.asarray(picture).shape == (1080, 810, 3)
