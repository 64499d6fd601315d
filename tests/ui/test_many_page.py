"""Several photos on the page's card, with a swapper that only hands back what it is told to."""

import zipfile
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from painter import Painter, photo

from bgswap import Settings
from bgswap.options import rows
from bgswap.ui.launch import add_many
from bgswap.ui.many import MANIFEST, NOT_DONE
from bgswap.ui.many_bounds import Bounds
from bgswap.ui.many_page import Many, lay_out_many
from bgswap.ui.many_rows import Row, minutes, table
from bgswap.ui.page import lay_out
from bgswap.ui.service import SwapService
from bgswap.ui.serving import CheckedBlocks
from bgswap.ui.texts import english


@pytest.fixture
def service(tmp_path: Path) -> SwapService:
    return SwapService(Painter(), tmp_path, Settings(most_steps=800))


@pytest.fixture
def many(service: SwapService) -> Many:
    with gr.Blocks():
        return Many(lay_out(), lay_out_many(Bounds(3, 1)), service, Bounds(3, 1))


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


def test_the_card_makes_a_zip_and_tells_of_every_photo(many: Many, service: SwapService) -> None:
    given = values(many, photo(service, "one.png"), photo(service, "nobody.png"))
    begun = many.begin(given)
    given[many.card.run] = begun[many.card.run]
    updates = list(many.make(given, Visit()))
    told = [u[many.card.progress] for u in updates if many.card.progress in u]
    lines = [english(line) for line in told]
    assert "Photo 1 of 2 · Painting the scene" in lines[0]
    assert "Photo 2 of 2 · Painting the scene · about 1 s left" in lines[2]
    assert "1 of 2 pictures." in lines[-1]
    last = updates[-1]
    assert "No person detected" in last[many.card.table]
    download = last[many.card.download]
    path = Path(download.value["path"])
    assert zipfile.ZipFile(path).namelist() == ["one.png", MANIFEST]
    assert download.interactive
    service.sweeper.age = -1.0
    service.sweeper.sweep()
    assert path.exists(), "while the page is open"


def test_stop_on_the_card_gives_what_is_done(many: Many, service: SwapService) -> None:
    names = ["one.png", "slow.png", "three.png"]
    given = values(many, *(photo(service, name) for name in names))
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


def test_the_card_refuses_before_it_begins(many: Many, service: SwapService) -> None:
    one = photo(service, "one.png")
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


def test_the_settings_bound_what_a_request_may_name(service: SwapService) -> None:
    with CheckedBlocks() as demo:
        page = lay_out()
        add_many(demo, page, service, Settings(most_photos=9, most_megabytes=1000))
    assert (demo.most_addresses, demo.largest_total) == (12, 1e9)
    (endpoint,) = (f.fn for f in demo.fns.values() if f.api_name == "replace_backgrounds")
    described = gr.utils.get_function_description(endpoint)[1]
    assert list(described) == ["photos", "prompt", "people", *rows()]
    info = demo.get_api_info()["named_endpoints"]["/replace_backgrounds"]["parameters"]
    assert info[0]["type"]["type"] == "array"
    assert "9 photos at most, 1000 MB together" in str(demo.config)
