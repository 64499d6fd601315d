"""What a visitor does on the page, in a browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photos import BUS
from playwright.sync_api import Browser, Locator, Page, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    # The image editor draws with WebGL, here without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
# Milliseconds; far beyond what it takes, so that a busy machine fails no test.
PATIENCE = 240_000
expect.set_options(timeout=PATIENCE)


@contextmanager
def opened_page(browser: Browser, url: str, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """The page in a window of its own."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    expect(page.locator("#generate")).to_be_visible()
    # Named by the page's script, which runs when Gradio is ready: before, an upload can be lost.
    expect(page.get_by_label("Example photo 1")).to_be_attached()
    yield page
    context.close()


def upload(page: Page, photo: Path) -> None:
    page.locator("#photo input[type=file]").set_input_files(photo)


def click_photo(page: Page, across: float, down: float) -> None:
    """Click on the photo at a point, in shares of its width and height."""
    image = page.locator("#photo img")
    frame = image.bounding_box()
    assert frame is not None
    image.click(position={"x": across * frame["width"], "y": down * frame["height"]})


def captions(page: Page) -> Locator:
    return page.locator("#people .caption-label")


def message(page: Page) -> Locator:
    return page.locator("#photo-message .message")


def progress(page: Page) -> Locator:
    return page.locator(".progress-panel")


def upload_bus(page: Page, found: str = "found") -> int:
    """Upload the photo of a street and wait for a word; gives how many people were found."""
    upload(page, BUS)
    expect(message(page)).to_contain_text(found)
    count = captions(page).count()
    assert count >= 2
    return count


def open_options(page: Page) -> None:
    """Unfold the options, and wait until their fields keep what is typed.

    Gradio sets fields that were folded away to their defaults once more, some frames after they
    appear: too soon for a hand, not for a test.
    """
    page.locator("#options > button").click()
    expect(page.get_by_label("Steps")).to_be_visible()
    page.wait_for_timeout(1500)


def set_steps(page: Page, steps: int) -> None:
    open_options(page)
    page.get_by_label("Steps").fill(str(steps))


def choose(page: Page, kind: str) -> None:
    """What stands behind the people."""
    page.locator("#kinds label", has_text=kind).click()


def generate(page: Page) -> None:
    """Press Generate and wait for the result."""
    button = page.locator("#generate")
    expect(button).to_be_enabled()
    button.click()
    expect(progress(page)).not_to_contain_text("Done")
    expect(progress(page)).to_contain_text("Done")
    expect(button).to_be_enabled()


def details(page: Page) -> Locator:
    """The summary of the result that shows."""
    return page.locator("#summary")


def open_cutout_editor(page: Page) -> None:
    page.get_by_role("button", name="Fix the cut-out").click()
    expect(page.locator("#editor canvas").first).to_be_visible()
    expect(message(page)).not_to_contain_text("Cutting")
    # The picture is drawn after the canvas is there, and the zoom then told.
    page.wait_for_timeout(3000)


def paint(
    page: Page,
    *points: tuple[float, float],
    color: str = "keep",
    size: tuple[int, int] = (768, 1024),
) -> None:
    """Draw a stroke on the desk.

    Args:
        points: in shares of the photo's width and height.
        color: ``keep`` or ``remove``.
        size: width and height of the photo as the page shows it, in pixels.
    """
    desk = page.locator("#editor")
    brush = page.locator(f"#brush-{color}")
    brush.click()
    expect(brush).to_have_attribute("aria-pressed", "true")
    # The mouse moves in the window, not on the page.
    desk.scroll_into_view_if_needed()
    canvas = desk.locator("canvas").first.bounding_box()
    assert canvas is not None
    zoom = float(desk.inner_text().split("%")[0].split()[-1]) / 100
    width, height = (side * zoom for side in size)
    left = canvas["x"] + (canvas["width"] - width) / 2
    top = canvas["y"] + (canvas["height"] - height) / 2
    for index, (across, down) in enumerate(points):
        page.mouse.move(left + across * width, top + down * height, steps=8)
        if index == 0:
            page.mouse.down()
    page.mouse.up()
    # The editor keeps a stroke a moment after it is drawn.
    page.wait_for_timeout(700)


def press(page: Page, button: str) -> None:
    """A button of the desk, and wait for its answer."""
    # The line under the photo says the same before and after: it must have been another.
    page.locator("#photo-message").evaluate("e => e.querySelector('.message').remove()")
    page.locator("#cutout-editor").get_by_role("button", name=button).click()
    expect(message(page)).to_contain_text("found")
