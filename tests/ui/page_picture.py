"""The picture of the page in README.

PYTHONPATH=.:tests:tests/ui python tests/ui/page_picture.py [--output docs/page.jpg]
"""

import argparse
import tempfile
from pathlib import Path

from browsing import CHROMIUM, FLAGS, choose, generate, opened_page, upload_bus
from launch import ROOT, served
from playwright.sync_api import sync_playwright

QUALITY = 82


def main() -> None:
    """Serve the app, make a result before a blurred background, and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "page.jpg")
    output = parser.parse_args().output
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), BGSWAP_MODELS="starter") as app,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with opened_page(browser, app.url) as page:
            upload_bus(page)
            choose(page, "Blur")
            generate(page)
            page.wait_for_timeout(1500)  # the result fades in
            page.screenshot(path=output, type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
