"""The real page in a real browser: from a photo to a picture, and through every mishap."""

import json
import re
from pathlib import Path

import pillow_heif
from browsing import captions, message, open_options, progress, set_steps, upload, upload_bus
from gradio_client import Client, handle_file
from photos import BUS, empty_photo
from PIL import Image
from playwright.sync_api import Page, Route, expect


def test_from_a_photo_to_a_picture(page: Page, tmp_path: Path) -> None:
    generate = page.locator("#generate")
    expect(generate).to_be_disabled()
    count = upload_bus(page)
    expect(captions(page).nth(1)).to_contain_text("2 · stays")

    page.locator("#people .thumbnail-item").nth(1).click()
    expect(captions(page).nth(1)).to_contain_text("2 · goes")
    expect(page.get_by_role("button", name="Person 2, goes")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(generate).to_be_disabled()
    page.get_by_label("Describe the new background").fill("a jungle at sunset, warm golden light")
    expect(generate).to_be_enabled()
    page.keyboard.press("Control+Enter")

    expect(progress(page)).to_contain_text("step")
    expect(page.locator("#slider img")).to_have_count(2)
    expect(progress(page)).to_contain_text("Done")
    for image in page.locator("#slider img").all():
        assert ".png" in image.get_attribute("src")
    for name, mode in (("Picture (PNG)", "RGB"), ("Cut-out (PNG)", "RGBA")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / name)
        with Image.open(tmp_path / name) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", mode, (810, 1080))
            if mode == "RGB":
                picture.load()
                assert "jungle at sunset" in json.dumps(dict(picture.text))
    summary = page.locator("#summary")
    expect(summary).to_contain_text("Seed")
    expect(summary).to_contain_text(f"of {count}")
    expect(summary).to_contain_text("starter")
    expect(generate).to_be_enabled()


def test_who_stays_follows_every_click(page: Page) -> None:
    count = upload_bus(page)
    page.locator("#chips button").first.click()
    generate = page.locator("#generate")
    expect(generate).to_be_enabled()
    page.get_by_role("button", name="No one").click()
    expect(captions(page).filter(has_text="goes")).to_have_count(count)
    expect(generate).to_be_disabled()
    tile = page.locator("#people .thumbnail-item").first
    for word in ("stays", "goes", "stays"):
        tile.click()
        expect(captions(page).first).to_contain_text(word)
    page.get_by_role("button", name="Everyone").click()
    expect(captions(page).filter(has_text="stays")).to_have_count(count)
    expect(generate).to_be_enabled()


def test_a_click_on_a_person_in_the_photo_counts(page: Page, app_url: str) -> None:
    client = Client(app_url, verbose=False, analytics_enabled=False)
    _, details = client.predict(handle_file(BUS), api_name="/find_people")
    largest = max(details["people"], key=lambda person: person["area"])
    upload_bus(page)
    x0, y0, x1, y1 = largest["box"]
    image = page.locator("#photo img")
    frame = image.bounding_box()
    scale = frame["width"] / details["size"][0]
    image.click(position={"x": (x0 + x1) / 2 * scale, "y": (y0 * 0.6 + y1 * 0.4) * scale})
    expect(captions(page).nth(largest["number"] - 1)).to_contain_text("goes")
    expect(captions(page).filter(has_text="goes")).to_have_count(1)


def test_broken_files_are_told_and_the_page_works_on(page: Page, tmp_path: Path) -> None:
    notes, cut = tmp_path / "notes.jpg", tmp_path / "cut.jpg"
    notes.write_text("not a picture")
    cut.write_bytes(BUS.read_bytes()[:50_000])
    upload(page, notes)
    expect(message(page)).to_contain_text("notes.jpg is no picture")
    expect(page.locator("#photo img")).to_have_count(0)
    upload(page, cut)
    expect(message(page)).to_contain_text("cut.jpg is damaged or cut off")
    expect(page.locator("#photo img")).to_have_count(0)
    assert "Traceback" not in page.content()
    upload_bus(page)


def test_a_photo_of_nobody(page: Page, tmp_path: Path) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    upload(page, tmp_path / "empty.png")
    expect(message(page)).to_contain_text("No person detected: click on somebody")
    expect(page.locator("#photo img")).to_have_count(1)
    expect(page.locator("#generate")).to_be_disabled()


def test_a_heic_photo_becomes_visible(page: Page, tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    with Image.open(BUS) as photo:
        photo.save(tmp_path / "bus.heic", quality=90)
    upload(page, tmp_path / "bus.heic")
    expect(message(page)).to_contain_text("found")
    image = page.locator("#photo img")
    expect(image).to_have_attribute("src", re.compile(r"\.png$"))
    # decoded by the browser: a busy one needs a moment
    page.wait_for_function("document.querySelector('#photo img').naturalWidth > 0")


def test_stop_ends_the_work_and_the_next_one_runs(page: Page) -> None:
    upload_bus(page)
    page.locator("#chips button").first.click()
    set_steps(page, 100)
    # Enough that nobody is too slow to press Stop.
    page.get_by_label("number input for Variations").fill("8")
    generate, stop = page.locator("#generate"), page.locator("#stop")
    expect(generate).to_be_enabled()
    expect(stop).to_be_disabled()
    generate.click()
    expect(progress(page)).to_contain_text("step")
    stop.click()
    expect(progress(page)).to_contain_text("Stopped")
    expect(generate).to_be_enabled()
    page.get_by_label("Steps").fill("1")
    generate.click()
    expect(page.locator("#slider img")).to_have_count(2)


def test_an_option_out_of_bounds_is_told(page: Page) -> None:
    upload_bus(page)
    page.locator("#chips button").first.click()
    set_steps(page, 1000)
    expect(page.locator("#generate")).to_be_enabled()
    page.locator("#generate").click()
    expect(progress(page)).to_contain_text("steps must be a whole number from 1 to 100")
    expect(page.locator("#generate")).to_be_enabled()


def test_a_value_that_gradio_refuses_is_told(page: Page) -> None:
    upload_bus(page)
    page.locator("#chips button").first.click()
    open_options(page)
    page.get_by_label("number input for Variations").fill("7")

    def spoil(route: Route) -> None:
        sent = route.request.post_data_json
        sent["data"] = [99 if value == 7 else value for value in sent["data"]]
        route.continue_(post_data=json.dumps(sent))

    page.route("**/queue/join*", spoil)
    expect(page.locator("#generate")).to_be_enabled()
    page.locator("#generate").click()
    expect(progress(page)).to_contain_text("This did not work")
    expect(page.locator(".toast-body")).to_be_visible()
    expect(page.locator("#generate")).to_be_enabled()
