"""Page and API are made from the table of options: a row is all that they need."""

import inspect
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import pytest
from test_options import MORE_VALUES, MoreOptions

from bgswap import BadInput, Settings, SwapOptions
from bgswap.options import rows
from bgswap.ui.api import add_endpoints
from bgswap.ui.controls import lay_out_options
from bgswap.ui.generating import read_options
from bgswap.ui.page import lay_out
from bgswap.ui.request_checks import check_swap
from bgswap.ui.service import SwapService
from bgswap.ui.texts import english


class NoSwapper:
    list_people = None


@pytest.fixture
def service(tmp_path: Path) -> SwapService:
    (tmp_path / "photo.png").touch()
    return SwapService(NoSwapper(), tmp_path, Settings())


@pytest.mark.parametrize("table", [SwapOptions, MoreOptions])
def test_every_option_has_a_control_that_begins_as_its_row_says(table: type[SwapOptions]) -> None:
    with gr.Blocks():
        controls = lay_out(table).options
    on_page = {name: option for name, option in rows(table).items() if option.on_page}
    assert set(controls) == set(on_page)
    for name, option in on_page.items():
        control = controls[name]
        assert english(control.label) == option.label
        begins = option.default if option.page is None else option.page
        assert control.value == ("" if option.type is not Path and begins is None else begins)
        if isinstance(control, gr.Slider):
            assert (control.minimum, control.maximum) == option.bounds
        if option.choices is not None:
            assert control.choices == [(title, name) for name, title in option.choices.items()]


def test_the_page_begins_with_a_little_light_and_shadow_and_else_the_defaults() -> None:
    with gr.Blocks():
        controls = lay_out_options()
    begun = read_options(controls, {c: c.value for c in controls.values()})
    assert begun == SwapOptions(light=0.3, shadow=0.1)


def test_what_is_typed_on_the_page_reaches_the_options() -> None:
    with gr.Blocks():
        controls = lay_out_options(MoreOptions)
    typed = {c: c.value for c in controls.values()}
    typed |= {controls["frames"]: " 3 ", controls["picture"]: "a.png", controls["grain"]: 1.5}
    typed |= {controls["seed"]: "7", controls["place"]: "north", controls["shape"]: "1:1"}
    read = read_options(controls, typed, MoreOptions)
    assert vars(read) == vars(SwapOptions(seed=7, light=0.3, shadow=0.1)) | MORE_VALUES
    with pytest.raises(BadInput, match="frames must be a number, or empty"):
        read_options(controls, typed | {controls["frames"]: "x"}, MoreOptions)


def test_the_api_has_a_typed_and_documented_parameter_for_every_row(service: SwapService) -> None:
    with gr.Blocks() as demo:
        add_endpoints(service, MoreOptions)
    (endpoint,) = (f.fn for f in demo.fns.values() if f.api_name == "replace_background")
    parameters = inspect.signature(endpoint).parameters
    assert list(parameters) == ["photo", "prompt", "people", *rows(MoreOptions)]
    types = {name: p.annotation for name, p in parameters.items()}
    assert (types["place"], types["grain"], types["frames"]) == (str, float, int | None)
    assert types["shape"] == Literal["4:5", "1:1"]
    assert types["picture"] == gr.FileData | None
    described = gr.utils.get_function_description(endpoint)[1]
    for name, option in rows(MoreOptions).items():
        assert parameters[name].default == option.default
        assert described[name] == f"{option.described()}."
    info = demo.get_api_info()["named_endpoints"]["/replace_background"]["parameters"]
    assert [p["parameter_name"] for p in info] == list(parameters)
    assert info[2]["type"]["anyOf"][0] == {"type": "integer"}


def test_a_request_is_checked_by_every_row(service: SwapService) -> None:
    photo = {"path": str(service.cache / "photo.png")}
    sent: dict[str, Any] = {name: o.default for name, o in rows(MoreOptions).items()}

    def refused(**changes: Any) -> dict[str, str]:
        verdicts = check_swap(service, MoreOptions, photo, "x", 1, *(sent | changes).values())
        names = ["photo", "prompt", "people", *sent]
        return {n: v["message"] for n, v in zip(names, verdicts, strict=True) if not v["is_valid"]}

    assert refused() == refused(picture=photo, grain=2) == {}
    assert list(refused(grain=3, shape="2:3")) == ["grain", "shape"]
    message = "picture must be an uploaded picture file"
    assert refused(picture={"path": "/etc/hostname"}) == {"picture": message}
    assert list(refused(steps=100, variations=8, grain=1)) == []
    assert list(refused(steps=100, variations=8, grain=1, place="x" * 1001)) == ["place"]
