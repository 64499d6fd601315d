"""What visitors leave is deleted: by age, for lack of space, and never while a page shows it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from launch import served
from photos import BUS, empty_photo
from PIL import Image

from bgswap.ui import sweeper
from bgswap.ui.sweeper import Sweeper


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def leave(folder: Path, *names: str, size: int = 1) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        time.sleep(0.02)  # so that each is older than the next


def test_only_what_is_old_goes(tmp_path: Path) -> None:
    leave(tmp_path, "bgswap-1/person-1.png", "upload/bus.jpg", "x.stop")
    assert Sweeper(tmp_path, age=60, space=1e9).sweep() == 0
    assert Sweeper(tmp_path, age=0, space=1e9).sweep() == 3
    assert not files_in(tmp_path)


def test_empty_folders_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "PERIOD", -1)
    leave(tmp_path, "bgswap-1/deep/person-1.png")
    Sweeper(tmp_path, age=0, space=1e9).sweep()
    assert not list(tmp_path.iterdir())
    assert tmp_path.exists()


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert Sweeper(tmp_path / "later", age=0, space=0).sweep() == 0


def test_what_an_open_session_shows_stays(tmp_path: Path) -> None:
    leave(tmp_path, "one/before.png", "two/before.png", "photo.jpg")
    kept = Sweeper(tmp_path, age=0, space=1e9)
    kept.hold("visitor", "photo", tmp_path / "photo.jpg", tmp_path / "one")
    kept.sweep()
    assert files_in(tmp_path) == ["one/before.png", "photo.jpg"]
    kept.hold("visitor", "result", tmp_path / "one")
    kept.hold("visitor", "photo")
    kept.sweep()
    assert files_in(tmp_path) == ["one/before.png"]
    kept.release("visitor")
    kept.release("visitor")
    kept.sweep()
    assert not files_in(tmp_path)


def test_nobody_holds_a_file_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "LONGEST_HOLD", 0.0)
    leave(tmp_path, "photo.jpg")
    kept = Sweeper(tmp_path, age=0, space=1e9)
    kept.hold("visitor", "photo", tmp_path)
    assert kept.sweep() == 1


def test_the_oldest_go_where_space_is_short_those_shown_last(tmp_path: Path) -> None:
    leave(tmp_path, "shown", "old", "new", size=1000)
    small = Sweeper(tmp_path, age=60, space=2500)
    small.hold("visitor", "photo", tmp_path / "shown")
    assert small.sweep() == 1
    assert files_in(tmp_path) == ["new", "shown"]
    leave(tmp_path, "newest", size=3000)
    small.sweep()
    assert files_in(tmp_path) == ["shown"]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.5)
    return condition()


def test_nothing_remains_of_programs_that_were_served(tmp_path: Path) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    with served(tmp_path, BGSWAP_KEEP="1") as app:
        client = Client(app.url, verbose=False, download_files=False, analytics_enabled=False)
        client.predict(photo=handle_file(BUS), api_name="/find_people")
        with pytest.raises(AppError):
            client.predict(photo=handle_file(tmp_path / "empty.png"), api_name="/find_people")
        assert within(60, lambda: not files_in(app.cache)), files_in(app.cache)
    with served(tmp_path, BGSWAP_KEEP="3600") as app:
        client = Client(app.url, verbose=False, download_files=False, analytics_enabled=False)
        client.predict(photo=handle_file(BUS), api_name="/find_people")
        app.process.kill()
        assert files_in(app.cache)
    with served(tmp_path, BGSWAP_KEEP="1") as app:
        assert not files_in(app.cache)
