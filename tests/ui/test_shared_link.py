"""A link that is shared shows the page's own title, description and picture; views open."""

import io
import re
import urllib.request

from browsing import opened_page
from PIL import Image
from playwright.sync_api import Browser, expect

from bgswap.ui.sample import LONGEST, before_and_after
from bgswap.ui.shared_link import PLACE, with_tags


def head_of(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as page:
        return page.read().decode().split("<body")[0]


def test_the_page_has_tags_of_its_own_alone(app_url: str) -> None:
    head = head_of(app_url)
    assert "<title>Background swap</title>" in head
    tags = dict(
        re.findall(r'<meta (?:name|property)="((?:og|twitter):[^"]+)" content="([^"]*)"', head)
    )
    assert len(re.findall('"(?:og|twitter):', head)) == len(tags)
    assert tags["og:title"] == "Background swap"
    assert "people stay themselves" in tags["og:description"]
    assert tags["og:url"] == app_url
    with urllib.request.urlopen(tags["og:image"], timeout=60) as answer:
        assert answer.headers["content-type"] == "image/jpeg"
        picture = Image.open(io.BytesIO(answer.read()))
    assert picture.size == (960, LONGEST)


def test_behind_a_proxy_the_address_is_the_public_one(app_url: str) -> None:
    head = head_of(app_url, **{"X-Forwarded-Proto": "https"})
    assert f'content="{app_url.replace("http:", "https:")}preview.jpg"' in head


def test_an_address_cannot_put_anything_into_the_page() -> None:
    page = with_tags(PLACE, 'http://x"><script>/')
    assert b"og:url" in page
    assert b"<script>" not in page


def test_the_sample_keeps_the_photo_where_people_are() -> None:
    picture = Image.open(io.BytesIO(before_and_after() or b"")).convert("RGB")
    before, after = picture.crop((0, 0, 480, 640)), picture.crop((480, 0, 960, 640))

    def apart(box: tuple[int, int, int, int]) -> float:
        pair = zip(before.crop(box).tobytes(), after.crop(box).tobytes(), strict=True)
        return sum(abs(a - b) for a, b in pair) / (3 * (box[2] - box[0]) * (box[3] - box[1]))

    assert apart((70, 290, 90, 330)) < 4  # on somebody's coat
    assert apart((200, 20, 400, 200)) > 30  # on the house behind


def test_view_api_opens_the_api_page(browser: Browser, app_url: str) -> None:
    with opened_page(browser, f"{app_url}?view=api") as page:
        expect(page.get_by_role("dialog")).to_contain_text("replace_background")


def test_the_empty_page_shows_a_photo_before_and_after(browser: Browser, app_url: str) -> None:
    with opened_page(browser, app_url) as page:
        sample = page.locator(".empty-result img")
        expect(sample).to_be_visible()
        page.wait_for_function("document.querySelector('.empty-result img').naturalWidth === 960")
