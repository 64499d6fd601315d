"""Several photos in one request, with a swapper that only hands back what it is told to."""

import csv
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from bgswap import BadInput, NoPersonDetected, Progress, Settings, Stopped, SwapOptions, SwapResult
from bgswap.io.images import open_photo
from bgswap.options import rows
from bgswap.ui.launch import add_many
from bgswap.ui.many import MANIFEST, NOT_DONE, Bundle
from bgswap.ui.many_api import check_many
from bgswap.ui.many_bounds import Bounds, whose
from bgswap.ui.many_page import Many, lay_out_many
from bgswap.ui.many_rows import Row, minutes, table
from bgswap.ui.page import lay_out
from bgswap.ui.serving import WordyBlocks
from bgswap.ui.work import Workbench
from bgswap.ui.zero_gpu import WENT_WRONG


class Painter:
    """Gives every photo back in its own colors; the names of some say what goes wrong."""

    list_people = None

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def swap(
        self, photo: Path, prompt: str, people: str, options: SwapOptions, tell: Any, known: Any
    ) -> SwapResult:
        self.asked.append((photo.name, prompt, people))
        tell(Progress("scene", 1, 2))
        if photo.stem == "nobody":
            raise NoPersonDetected
        if photo.stem == "bug":
            raise KeyError("/srv/secret")
        end = time.monotonic() + 30
        while photo.stem == "slow" and time.monotonic() < end:
            tell(Progress("scene", 1, 2))
            time.sleep(0.01)
        image = open_photo(photo)
        tell(Progress("scene", 2, 2))
        details = {"kept": [1, 2], "seed": 7, "models": {"scene": {}}, "notes": ["a note"]}
        return SwapResult(image, np.dstack([image, image[..., 0]]), details, [], [])


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(Painter(), tmp_path, Settings(most_steps=800))


def photo(bench: Workbench, name: str, color: int = 90) -> Path:
    """An uploaded photo of one gray."""
    folder = bench.folder()
    Image.new("RGB", (64, 48), (color, color, color)).save(folder / name)
    return folder / name


def bundle(bench: Workbench, *photos: Path, **options: Any) -> Bundle:
    return Bundle(bench, photos, "a forest", "largest", SwapOptions(**options))


def made(bench: Workbench, *photos: Path, **options: Any) -> tuple[Bundle, zipfile.ZipFile]:
    bundled = bundle(bench, *photos, **options)
    list(bundled.run(bench.stop_mark()))
    return bundled, zipfile.ZipFile(bundled.pack())


def read_manifest(packed: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(packed.read(MANIFEST).decode("utf-8-sig"))))


def test_every_photo_is_in_the_zip_with_its_line_in_the_manifest(bench: Workbench) -> None:
    photos = [photo(bench, "one.png", 40), photo(bench, "two.jpg", 200)]
    bundled, packed = made(bench, *photos)
    assert packed.namelist() == ["one.png", "two.png", MANIFEST]
    grays = [np.asarray(Image.open(packed.open(name)))[0, 0, 0] for name in packed.namelist()[:2]]
    assert grays[0] == 40
    assert abs(int(grays[1]) - 200) <= 2, "of a JPEG"
    assert bench.swapper.asked == [(p.name, "a forest", "largest") for p in photos]
    first, second = read_manifest(packed)
    assert (first["photo"], first["file"], first["seed"]) == ("one.png", "one.png", "7")
    assert (second["notes"], second["error"], second["kept"]) == ("a note", "", "2")
    report = bundled.report()
    assert (report["done"], report["failed"], report["prompt"]) == (2, 0, "a forest")
    assert [row["file"] for row in report["photos"]] == ["one.png", "two.png"]


def test_a_photo_that_fails_is_a_row_and_not_the_end(bench: Workbench, caplog: Any) -> None:
    names = ["nobody.png", "bug.png", "good.png"]
    bundled, packed = made(bench, *(photo(bench, name) for name in names))
    assert packed.namelist() == ["good.png", MANIFEST]
    assert [row.photo for row in bundled.rows] == names
    assert [row.error for row in bundled.rows] == ["No person detected", WENT_WRONG, ""]
    assert "KeyError" in caplog.text, "what is a bug is logged whole"
    assert [row["error"] for row in read_manifest(packed)] == [r.error for r in bundled.rows]
    assert (bundled.report()["done"], bundled.report()["failed"]) == (1, 2)


def test_a_broken_file_does_not_tell_where_it_lies(bench: Workbench) -> None:
    notes = bench.folder() / "notes.jpg"
    notes.write_text("not a picture")
    (row,) = made(bench, notes)[0].rows
    assert "notes.jpg is no picture" in row.error
    assert str(bench.cache) not in row.error


def test_names_in_the_zip_never_collide(bench: Workbench) -> None:
    names = ["a.png", "a.jpg", "A.png", "a-2.png", "e\u0301.png", "\u00e9.png", "manifest.png"]
    bundled, packed = made(bench, *(photo(bench, name) for name in names))
    files = [row.file for row in bundled.rows]
    assert files[:4] == ["a.png", "a-2.png", "A-3.png", "a-2-2.png"]
    assert len({name.casefold() for name in packed.namelist()}) == len(names) + 1
    assert files[5] == "\u00e9-2.png"


def test_pictures_have_the_format_that_was_asked_for(bench: Workbench) -> None:
    _, packed = made(bench, photo(bench, "one.png"), format="jpeg", quality=80)
    assert packed.namelist()[0] == "one.jpg"
    assert Image.open(packed.open("one.jpg")).format == "JPEG"


def test_only_the_zip_is_left_and_the_sweeper_may_take_it(bench: Workbench) -> None:
    one = photo(bench, "one.png")
    bundled, _ = made(bench, one)
    left = [path for path in bench.cache.rglob("*") if path.is_file() and path != one]
    assert left == [bundled.folder / "swapped.zip"]
    bench.sweeper.age = -1.0
    bench.sweeper.sweep()
    assert not left[0].exists()


def test_photos_are_kept_while_the_work_goes_on(bench: Workbench) -> None:
    photos = [photo(bench, name) for name in ("one.png", "two.png")]
    bench.sweeper.age = -1.0
    bundled = bundle(bench, *photos)
    for _ in bundled.run(bench.stop_mark()):
        bench.sweeper.sweep()
    assert [row.error for row in bundled.rows] == ["", ""]
    bench.sweeper.sweep()
    assert not photos[0].exists()


def test_a_first_photo_that_takes_long_does_not_lose_the_folder(bench: Workbench) -> None:
    bundled = bundle(bench, photo(bench, "one.png"))
    for _ in bundled.run(bench.stop_mark()):
        if bundled.folder.exists() and not list(bundled.folder.iterdir()):
            os.utime(bundled.folder, (0, 0))
            bench.sweeper.sweep()
    assert [row.error for row in bundled.rows] == [""]
    assert zipfile.ZipFile(bundled.pack()).namelist() == ["one.png", MANIFEST]


@pytest.mark.parametrize("after", ["scene", None])
def test_stop_ends_the_work_and_what_is_done_can_be_packed(
    bench: Workbench, after: str | None
) -> None:
    names = ["one.png", "two.png", "slow.png", "four.png"]
    bundled = bundle(bench, *(photo(bench, name) for name in names))
    stop = bench.stop_mark()
    # In the middle of the third photo, or between the second and the third.
    at = (2, None) if after is None else (3, after)
    with pytest.raises(Stopped):
        for step in bundled.run(stop):
            if (step.photo, step.progress and step.progress.stage) == at:
                stop.touch()
    assert [row.photo for row in bundled.rows] == names
    assert [row.error for row in bundled.rows] == ["", "", NOT_DONE, NOT_DONE]
    assert zipfile.ZipFile(bundled.pack()).namelist() == ["one.png", "two.png", MANIFEST]
    assert not list(bench.cache.glob("*.stop")), "no mark is left"


def test_who_leaves_ends_the_work(bench: Workbench) -> None:
    bundled = bundle(bench, photo(bench, "one.png"), photo(bench, "two.png"))
    stop = bench.stop_mark()
    run = bundled.run(stop)
    next(run)
    run.close()
    assert stop.exists(), "the swap that still goes on finds the mark"
    assert [name for name, *_ in bench.swapper.asked] == ["one.png"]


def test_number_and_size_are_bounded(bench: Workbench) -> None:
    files = [{"path": str(photo(bench, f"{i}.png"))} for i in range(3)]
    assert len(Bounds(3, 1).check(files, bench.cache)) == 3
    with pytest.raises(BadInput, match="2 photos at most may come together, got 3"):
        Bounds(2, 1).check(files, bench.cache)
    Path(files[0]["path"]).write_bytes(bytes(2_100_000))
    with pytest.raises(BadInput, match="2 MB together at most, got 2 MB"):
        Bounds(3, 2).check(files, bench.cache)
    for nothing in (None, [], "x", {"path": "x"}):
        with pytest.raises(BadInput, match="a list of at least one uploaded picture"):
            Bounds(3, 1).check(nothing, bench.cache)


@pytest.mark.parametrize("people", [1, [1], "1,2", "", None, {}, "everyone"])
def test_numbers_of_people_say_nothing_of_several_photos(people: Any) -> None:
    with pytest.raises(BadInput, match="all, largest"):
        whose(people)
    assert whose(" Largest") == "largest"


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
    bench: Workbench, name: str, value: Any, said: str
) -> None:
    good = {"path": str(photo(bench, "one.png"))}
    sent = {"photos": [good], "prompt": "a forest", "people": "all"}
    sent |= {option.name: option.default for option in rows().values()}

    def refused(**changes: Any) -> dict[str, str]:
        verdicts = check_many(bench, Bounds(3, 1), SwapOptions, *(sent | changes).values())
        return {n: v["message"] for n, v in zip(sent, verdicts, strict=True) if not v["is_valid"]}

    assert refused() == refused(photos=[good] * 3, people="largest") == {}
    value = [good if file == "{good}" else file for file in value] if name == "photos" else value
    told = refused(**{name: value})
    assert list(told) == [name]
    assert said in told[name]


@pytest.fixture
def many(bench: Workbench) -> Many:
    with gr.Blocks():
        return Many(lay_out(), lay_out_many(Bounds(3, 1)), bench, Bounds(3, 1))


def values(many: Many, *photos: Path, prompt: str = "a forest") -> dict[Any, Any]:
    """What the components hold."""
    page, card = many.page, many.card
    backdrop = page.backdrop
    controls = [*page.options.values(), *backdrop.controls.values(), backdrop.picture]
    typed = {control: control.value for control in controls}
    chosen = {card.files: list(map(str, photos)), card.people: "all", backdrop.prompt: prompt}
    return typed | chosen


class Visit:
    session_hash = "visitor"


def test_the_card_makes_a_zip_and_tells_of_every_photo(many: Many, bench: Workbench) -> None:
    given = values(many, photo(bench, "one.png"), photo(bench, "nobody.png"))
    begun = many.begin(given)
    given[many.card.run] = begun[many.card.run]
    updates = list(many.make(given, Visit()))
    lines = [update[many.card.progress] for update in updates if many.card.progress in update]
    assert "Photo 1 of 2 · Painting the scene" in lines[0]
    assert "Photo 2 of 2 · Painting the scene · about 1 s left" in lines[2]
    assert "1 of 2 pictures." in lines[-1]
    last = updates[-1]
    assert "No person detected" in last[many.card.table]
    download = last[many.card.download]
    path = Path(download.value["path"])
    assert zipfile.ZipFile(path).namelist() == ["one.png", MANIFEST]
    assert download.interactive
    bench.sweeper.age = -1.0
    bench.sweeper.sweep()
    assert path.exists(), "while the page is open"


def test_stop_on_the_card_gives_what_is_done(many: Many, bench: Workbench) -> None:
    names = ["one.png", "slow.png", "three.png"]
    given = values(many, *(photo(bench, name) for name in names))
    given[many.card.run] = many.begin(given)[many.card.run]
    updates = []
    for update in many.make(given, Visit()):
        updates.append(update)
        if "Photo 2 of 3" in update.get(many.card.progress, ""):
            many.stop(given[many.card.run])
    assert "Stopped: 1 of 3 pictures." in updates[-1][many.card.progress]
    assert updates[-1][many.card.table].count(NOT_DONE) == 2
    packed = zipfile.ZipFile(updates[-1][many.card.download].value["path"])
    assert packed.namelist() == ["one.png", MANIFEST]


def test_the_card_refuses_before_it_begins(many: Many, bench: Workbench) -> None:
    one = photo(bench, "one.png")
    with pytest.raises(gr.Error, match="Describe the scene"):
        many.begin(values(many, one, prompt=" "))
    with pytest.raises(gr.Error, match="3 photos at most"):
        many.begin(values(many, *[one] * 4))
    with pytest.raises(gr.Error, match="at least one"):
        many.begin(values(many))
    assert many.readiness([], None).interactive is False
    assert many.readiness([str(one)], None).interactive is True
    assert many.readiness([str(one)], Path("x")).interactive is False


def test_every_text_of_the_table_is_escaped() -> None:
    html = table([Row("<b>.png", error="<i>"), Row("x.png", "x.png", 1, notes=["<u>"])])
    assert not [tag for tag in ("<b>", "<i>", "<u>") if tag in html]
    assert html.index("x.png") < html.index("&lt;b&gt;.png"), "the newest first"
    assert (minutes(0.2), minutes(89), minutes(600)) == ("1 s", "89 s", "10 min")


def test_the_settings_bound_what_a_request_may_name(bench: Workbench) -> None:
    with WordyBlocks() as demo:
        page = lay_out()
        add_many(demo, page, bench, Settings(most_photos=9, most_megabytes=1000))
    assert (demo.most_addresses, demo.largest_total) == (12, 1e9)
    (endpoint,) = (f.fn for f in demo.fns.values() if f.api_name == "replace_backgrounds")
    described = gr.utils.get_function_description(endpoint)[1]
    assert list(described) == ["photos", "prompt", "people", *rows()]
    info = demo.get_api_info()["named_endpoints"]["/replace_backgrounds"]["parameters"]
    assert info[0]["type"]["type"] == "array"
    assert "9 photos at most, 1000 MB together" in str(demo.config)
