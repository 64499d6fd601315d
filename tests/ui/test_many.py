"""Several photos in one request, with a swapper that only hands back what it is told to."""

import csv
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painter import Painter, photo
from PIL import Image

from bgswap import BadInput, Settings, Stopped, SwapOptions
from bgswap.options import rows
from bgswap.ui.many import MANIFEST, NOT_DONE, Bundle
from bgswap.ui.many_api import check_many
from bgswap.ui.many_bounds import Bounds, check_people_choice
from bgswap.ui.service import SwapService
from bgswap.ui.zero_gpu import WENT_WRONG


@pytest.fixture
def service(tmp_path: Path) -> SwapService:
    return SwapService(Painter(), tmp_path, Settings(most_steps=800))


def bundle(service: SwapService, *photos: Path, **options: Any) -> Bundle:
    return Bundle(service, photos, "a forest", "largest", SwapOptions(**options))


def made(service: SwapService, *photos: Path, **options: Any) -> tuple[Bundle, zipfile.ZipFile]:
    bundled = bundle(service, *photos, **options)
    list(bundled.run(service.stop_mark()))
    return bundled, zipfile.ZipFile(bundled.pack())


def read_manifest(packed: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(packed.read(MANIFEST).decode("utf-8-sig"))))


def test_every_photo_is_in_the_zip_with_its_line_in_the_manifest(service: SwapService) -> None:
    photos = [photo(service, "one.png", 40), photo(service, "two.jpg", 200)]
    bundled, packed = made(service, *photos)
    assert packed.namelist() == ["one.png", "two.png", MANIFEST]
    grays = [np.asarray(Image.open(packed.open(name)))[0, 0, 0] for name in packed.namelist()[:2]]
    assert grays[0] == 40
    assert abs(int(grays[1]) - 200) <= 2, "of a JPEG"
    assert service.swapper.asked == [(p.name, "a forest", "largest") for p in photos]
    first, second = read_manifest(packed)
    assert (first["photo"], first["file"], first["seed"]) == ("one.png", "one.png", "7")
    assert (second["notes"], second["error"], second["kept"]) == ("a note", "", "2")
    report = bundled.report()
    assert (report["done"], report["failed"], report["prompt"]) == (2, 0, "a forest")
    assert [row["file"] for row in report["photos"]] == ["one.png", "two.png"]


def test_a_photo_that_fails_is_a_row_and_not_the_end(service: SwapService, caplog: Any) -> None:
    names = ["nobody.png", "bug.png", "good.png"]
    bundled, packed = made(service, *(photo(service, name) for name in names))
    assert packed.namelist() == ["good.png", MANIFEST]
    assert [row.photo for row in bundled.rows] == names
    assert [row.error for row in bundled.rows] == ["No person detected", WENT_WRONG, ""]
    assert "KeyError" in caplog.text, "what is a bug is logged whole"
    assert [row["error"] for row in read_manifest(packed)] == [r.error for r in bundled.rows]
    assert (bundled.report()["done"], bundled.report()["failed"]) == (1, 2)


def test_a_broken_file_does_not_tell_where_it_lies(service: SwapService) -> None:
    notes = service.folder() / "notes.jpg"
    notes.write_text("not a picture")
    (row,) = made(service, notes)[0].rows
    assert "notes.jpg is no picture" in row.error
    assert str(service.cache) not in row.error


def test_names_in_the_zip_never_collide(service: SwapService) -> None:
    names = ["a.png", "a.jpg", "A.png", "a-2.png", "e\u0301.png", "\u00e9.png", "manifest.png"]
    bundled, packed = made(service, *(photo(service, name) for name in names))
    files = [row.file for row in bundled.rows]
    assert files[:4] == ["a.png", "a-2.png", "A-3.png", "a-2-2.png"]
    assert len({name.casefold() for name in packed.namelist()}) == len(names) + 1
    assert files[5] == "\u00e9-2.png"


def test_pictures_have_the_format_that_was_asked_for(service: SwapService) -> None:
    _, packed = made(service, photo(service, "one.png"), format="jpeg", quality=80)
    assert packed.namelist()[0] == "one.jpg"
    assert Image.open(packed.open("one.jpg")).format == "JPEG"


def test_only_the_zip_is_left_and_the_sweeper_may_take_it(service: SwapService) -> None:
    one = photo(service, "one.png")
    bundled, _ = made(service, one)
    left = [path for path in service.cache.rglob("*") if path.is_file() and path != one]
    assert left == [bundled.folder / "swapped.zip"]
    service.sweeper.age = -1.0
    service.sweeper.sweep()
    assert not left[0].exists()


def test_photos_are_kept_while_the_work_goes_on(service: SwapService) -> None:
    photos = [photo(service, name) for name in ("one.png", "two.png")]
    service.sweeper.age = -1.0
    bundled = bundle(service, *photos)
    for _ in bundled.run(service.stop_mark()):
        service.sweeper.sweep()
    assert [row.error for row in bundled.rows] == ["", ""]
    service.sweeper.sweep()
    assert not photos[0].exists()


def test_a_first_photo_that_takes_long_does_not_lose_the_folder(service: SwapService) -> None:
    bundled = bundle(service, photo(service, "one.png"))
    for _ in bundled.run(service.stop_mark()):
        if bundled.folder.exists() and not list(bundled.folder.iterdir()):
            os.utime(bundled.folder, (0, 0))
            service.sweeper.sweep()
    assert [row.error for row in bundled.rows] == [""]
    assert zipfile.ZipFile(bundled.pack()).namelist() == ["one.png", MANIFEST]


@pytest.mark.parametrize("after", ["scene", None])
def test_stop_ends_the_work_and_what_is_done_can_be_packed(
    service: SwapService, after: str | None
) -> None:
    names = ["one.png", "two.png", "slow.png", "four.png"]
    bundled = bundle(service, *(photo(service, name) for name in names))
    stop = service.stop_mark()
    # In the middle of the third photo, or between the second and the third.
    at = (2, None) if after is None else (3, after)
    with pytest.raises(Stopped):
        for step in bundled.run(stop):
            if (step.photo, step.progress and step.progress.stage) == at:
                stop.touch()
    assert [row.photo for row in bundled.rows] == names
    assert [row.error for row in bundled.rows] == ["", "", NOT_DONE, NOT_DONE]
    assert zipfile.ZipFile(bundled.pack()).namelist() == ["one.png", "two.png", MANIFEST]
    assert not list(service.cache.glob("*.stop")), "no mark is left"


def test_who_leaves_ends_the_work(service: SwapService) -> None:
    bundled = bundle(service, photo(service, "one.png"), photo(service, "two.png"))
    stop = service.stop_mark()
    run = bundled.run(stop)
    next(run)
    run.close()
    assert stop.exists(), "the swap that still goes on finds the mark"
    assert [name for name, *_ in service.swapper.asked] == ["one.png"]


def test_number_and_size_are_bounded(service: SwapService) -> None:
    files = [{"path": str(photo(service, f"{i}.png"))} for i in range(3)]
    assert len(Bounds(3, 1).check(files, service.cache)) == 3
    with pytest.raises(BadInput, match="2 photos at most may come together, got 3"):
        Bounds(2, 1).check(files, service.cache)
    Path(files[0]["path"]).write_bytes(bytes(2_100_000))
    with pytest.raises(BadInput, match="2 MB together at most, got 2 MB"):
        Bounds(3, 2).check(files, service.cache)
    for nothing in (None, [], "x", {"path": "x"}):
        with pytest.raises(BadInput, match="a list of at least one uploaded picture"):
            Bounds(3, 1).check(nothing, service.cache)


@pytest.mark.parametrize("people", [1, [1], "1,2", "", None, {}, "everyone"])
def test_numbers_of_people_say_nothing_of_several_photos(people: Any) -> None:
    with pytest.raises(BadInput, match="all, largest"):
        check_people_choice(people)
    assert check_people_choice(" Largest") == "largest"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("photos", [{"path": "/etc/hostname"}], "photos must be an uploaded picture file"),
        ("photos", [], "a list of at least one"),
        ("photos", ["{good}"] * 4, "3 photos at most"),
        ("prompt", " ", "Describe the scene"),
        ("people", [1], "people must be one of all, largest"),
        ("steps", 0, "from 1 to 100"),
        ("scale", 9, "from 0.2 to 3"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(
    service: SwapService, name: str, value: Any, said: str
) -> None:
    good = {"path": str(photo(service, "one.png"))}
    sent = {"photos": [good], "prompt": "a forest", "people": "all"}
    sent |= {option.name: option.default for option in rows().values()}

    def refused(**changes: Any) -> dict[str, str]:
        verdicts = check_many(service, Bounds(3, 1), SwapOptions, *(sent | changes).values())
        return {n: v["message"] for n, v in zip(sent, verdicts, strict=True) if not v["is_valid"]}

    assert refused() == refused(photos=[good] * 3, people="largest") == {}
    value = [good if file == "{good}" else file for file in value] if name == "photos" else value
    told = refused(**{name: value})
    assert list(told) == [name]
    assert said in told[name]
