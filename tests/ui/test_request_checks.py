"""The verdicts on an API call's parameters, one each and in their order."""

from pathlib import Path
from typing import Any

import pytest

from bgswap import BadInput, Settings, SwapOptions
from bgswap.options import rows
from bgswap.ui.request_checks import check_photo, check_swap
from bgswap.ui.service import SwapService

GOOD: dict[str, Any] = {"prompt": "a forest", "steps": 4, "variations": 2}


class NoSwapper:
    list_people = None


@pytest.fixture
def service(tmp_path: Path) -> SwapService:
    (tmp_path / "photo.png").touch()
    return SwapService(NoSwapper(), tmp_path, Settings(most_steps=20))


def refused(service: SwapService, **changes: Any) -> dict[str, str]:
    """Parameter and message of every one that is not as it should be."""
    photo = {"path": str(service.cache / "photo.png")}
    defaults = {option.name: option.default for option in rows().values()}
    sent = {"photo": photo, "prompt": "", "people": "all"} | defaults | GOOD | changes
    verdicts = check_swap(service, SwapOptions, *sent.values())
    names = list(sent)
    return {n: v["message"] for n, v in zip(names, verdicts, strict=True) if not v["is_valid"]}


def test_what_is_good_is_let_through(service: SwapService) -> None:
    assert refused(service) == {}
    assert refused(service, people=[1, 99]) == refused(service, people=2) == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("photo", {"path": "/etc/hostname"}, "photo must be an uploaded picture file"),
        ("photo", {"path": "{cache}/gone.png"}, "This photo is no longer here"),
        ("prompt", " ", "Describe the scene"),
        ("people", [], "at least one number"),
        ("people", [float("inf")], "people must be"),
        ("people", {"a": 1}, "people must be"),
        ("people", 1.5, "people must be"),
        ("people", True, "people must be"),
        ("negative_prompt", 5, "must be text"),
        ("seed", -1, "from 0 to"),
        ("steps", 10**9, "from 1 to 100"),
        ("guidance_scale", float("nan"), "from 0 to 30"),
        ("variations", 2.5, "a whole number"),
        ("light", "much", "a number"),
        ("shadow", [1], "a number"),
        ("enhance_faces", None, "a number"),
        ("preset", ["auto"], "preset must be one of"),
        ("background", "#12345", "a background color is written"),
        ("background_picture", {"path": "/etc/hostname"}, "background_picture must be an uploaded"),
    ],
)
def test_what_is_not_is_named(service: SwapService, name: str, value: Any, said: str) -> None:
    if isinstance(value, dict) and "path" in value:
        value = {"path": value["path"].format(cache=service.cache)}
    told = refused(service, **{name: value})
    assert list(told) == [name]
    assert said in told[name]
    assert str(service.cache) not in told[name]


def test_a_shared_server_may_bound_the_steps(service: SwapService) -> None:
    message = "steps times variations may be 20 at most here, got 32"
    assert refused(service, steps=4, variations=8) == {"steps": message}
    assert refused(service, steps=20, variations=1) == {}
    with pytest.raises(BadInput, match=message):
        service.swap(Path(), "a forest", "all", SwapOptions(steps=4, variations=8), Path())


def test_one_parameter_has_one_verdict(service: SwapService) -> None:
    assert check_photo(service, None)["is_valid"] is False
