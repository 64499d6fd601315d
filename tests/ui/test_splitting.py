"""One mask is split by a click on each of two people, and joined again by Undo."""

from pathlib import Path

import numpy as np
from browsing import captions, click_photo, message, open_cutout_editor, press, upload_bus
from playwright.sync_api import Page, expect

from bgswap import Person
from bgswap.ui.photo_cache import PhotoCache

# In shares of the photo of a street: twice on the coat of one man, and on nobody.
CHEST, WAIST, SKY, BESIDE = (0.165, 0.47), (0.165, 0.58), (0.6, 0.02), (0.38, 0.55)


def begin(page: Page) -> int:
    count = upload_bus(page)
    open_cutout_editor(page)
    page.get_by_role("button", name="Split two people").click()
    expect(message(page)).to_have_text("Click on the first of the two people.")
    expect(page.locator("#photo img")).to_be_visible()
    return count


def test_a_click_on_each_of_two_people_splits_their_mask(page: Page) -> None:
    count = begin(page)
    click_photo(page, *CHEST)
    expect(message(page)).to_have_text("Now click on the second of them.")
    click_photo(page, *WAIST)
    expect(message(page)).to_contain_text(f"{count + 1} people found")
    expect(captions(page)).to_have_count(count + 1)
    expect(captions(page).nth(2)).to_contain_text(f"{count + 1} · stays")
    # Clicks choose people again.
    click_photo(page, *WAIST)
    expect(captions(page).nth(2)).to_contain_text(f"{count + 1} · goes")
    expect(captions(page).nth(1)).to_contain_text("2 · stays")
    open_cutout_editor(page)
    press(page, "Undo the corrections")
    expect(captions(page)).to_have_count(count)


def test_clicks_that_share_no_outline_split_nothing(page: Page) -> None:
    count = begin(page)
    click_photo(page, *SKY)
    expect(message(page)).to_have_text("Nobody is there. Nothing was split.")
    open_cutout_editor(page)
    page.get_by_role("button", name="Split two people").click()
    click_photo(page, *CHEST)
    expect(message(page)).to_have_text("Now click on the second of them.")
    click_photo(page, *BESIDE)
    expect(message(page)).to_contain_text("both clicks must be inside one outline")
    expect(captions(page)).to_have_count(count)
    expect(captions(page).filter(has_text="goes")).to_have_count(0)


def person(number: int, columns: slice) -> Person:
    mask = np.zeros((8, 20), np.float32)
    mask[2:6, columns] = 0.8
    return Person(number, (columns.start, 2, columns.stop, 6), 0.9, mask)


def test_people_who_are_joined_again_have_their_mask_back(tmp_path: Path) -> None:
    photo, recent = tmp_path / "photo.png", PhotoCache()
    photo.touch()
    recent.join(photo, [(1, 3)])
    assert recent.get(photo) is None
    parts = [person(1, np.s_[0:4]), person(2, np.s_[14:20]), person(3, np.s_[4:7])]
    recent.put(photo, [*parts, person(4, np.s_[7:10])])
    recent.join(photo, [(1, 3), (3, 4)])
    people = recent.get(photo)
    assert [p.number for p in people] == [1, 2]
    np.testing.assert_array_equal(people[0].mask, person(1, np.s_[0:10]).mask)
    np.testing.assert_array_equal(people[1].mask, parts[1].mask)
    assert people[0].box == (0, 2, 10, 6)
