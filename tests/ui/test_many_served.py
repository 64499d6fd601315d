"""Several photos as programs and visitors send them: by the API, and from a page in a browser."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import ValidationError
from launch import App, served
from photos import BUS, ZIDANE, empty_photo
from PIL import Image
from playwright.sync_api import Page, expect

MANY = "/replace_backgrounds"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with served(tmp_path_factory.mktemp("many"), BGSWAP_MOST_PHOTOS="3") as app:
        yield app


@pytest.fixture(scope="module")
def app_url(app: App) -> str:
    """The page of the app with the bound of this module."""
    return app.url


@pytest.fixture(scope="module")
def client(app: App, tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("downloads")
    waiting = {"timeout": 120}
    return Client(
        app.url,
        verbose=False,
        download_files=folder,
        analytics_enabled=False,
        httpx_kwargs=waiting,
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small photos with people, and one with nobody."""
    folder = tmp_path_factory.mktemp("photos")
    for source, name in ((BUS, "bus.jpg"), (ZIDANE, "zidane.jpg")):
        picture = Image.open(source)
        picture.thumbnail((480, 480))
        picture.save(folder / name, quality=95)
    Image.fromarray(empty_photo()).save(folder / "empty.png")
    return [folder / name for name in ("bus.jpg", "zidane.jpg", "empty.png")]


def test_one_call_gives_a_zip_and_a_report(client: Client, photos: list[Path]) -> None:
    path, report = client.predict(
        photos=[handle_file(photo) for photo in photos],
        prompt="a forest",
        people="largest",
        seed=7,
        steps=1,
        api_name=MANY,
    )
    assert (report["done"], report["failed"], report["prompt"]) == (2, 1, "a forest")
    errors = {row["photo"]: row["error"] for row in report["photos"]}
    assert errors == {"bus.jpg": "", "zidane.jpg": "", "empty.png": "No person detected"}
    assert {row["seed"] for row in report["photos"] if row["file"]} == {7}
    assert {row["kept"] for row in report["photos"] if row["file"]} == {1}
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == ["bus.png", "zidane.png", "manifest.csv"]
        for name, photo in (("bus.png", photos[0]), ("zidane.png", photos[1])):
            assert Image.open(packed.open(name)).size == Image.open(photo).size


def test_too_many_photos_are_refused_in_words(client: Client, photos: list[Path]) -> None:
    with pytest.raises(ValidationError, match="3 photos at most may come together, got 4"):
        client.predict(
            photos=[handle_file(photos[0])] * 4, prompt="a forest", people="all", api_name=MANY
        )
    with pytest.raises(ValidationError, match="people must be one of all, largest"):
        client.predict(
            photos=[handle_file(photos[0])], prompt="a forest", people="1", api_name=MANY
        )


def test_an_upload_has_as_many_files_as_a_request_may_have(app: App, photos: list[Path]) -> None:
    files = [("files", (photos[0].name, photos[0].read_bytes()))]
    three = httpx.post(f"{app.url}gradio_api/upload", files=files * 3)
    assert three.status_code == 200
    assert len(three.json()) == 3
    four = httpx.post(f"{app.url}gradio_api/upload", files=files * 4)
    assert four.status_code == 400
    assert four.json() == {"detail": "Send 3 files at most a request."}


def test_a_visitor_sends_several_photos(
    page: Page,
    photos: list[Path],
    tmp_path: Path,
) -> None:
    page.get_by_label("Describe the new background").fill("a forest")
    page.get_by_role("button", name="Several photos at once").click()
    start = page.get_by_role("button", name="Make all pictures")
    expect(start).to_be_disabled()
    page.locator("#many-files input[type=file]").set_input_files(photos)
    expect(start).to_be_enabled()
    start.click()
    card = page.locator("#many")
    expect(card.locator(".progress-panel")).to_contain_text("2 of 3 pictures.")
    expect(card.locator(".many-rows tbody tr")).to_have_count(3)
    expect(card.locator(".many-rows tr.bad")).to_contain_text("No person detected")
    with page.expect_download() as download:
        card.get_by_role("link", name="All pictures (ZIP)").or_(
            card.get_by_role("button", name="All pictures (ZIP)")
        ).first.click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        assert packed.namelist() == ["bus.png", "zidane.png", "manifest.csv"]
    expect(start).to_be_enabled()
