"""From rows to jobs: requests, output names and seeds."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from photos import BUS, ZIDANE
from PIL import Image

from bgswap import SwapOptions
from bgswap.batch.inputs import Found
from bgswap.batch.job_files import Row, read_rows
from bgswap.batch.jobs import Job, Request, plan
from bgswap.errors import BadInput


def row(name: str, root: str = "/photos", **values: object) -> Row:
    return Row(Found(Path(root) / name, Path(name)), **values)


def outputs(rows: list[Row], **values: object) -> list[str]:
    return [job.output for job in plan(rows, Request("a beach", **values))]


def test_results_keep_their_place_and_name() -> None:
    assert outputs([row("a.jpg"), row("day 1/a.heic")]) == ["a.png", "day 1/a.png"]
    assert outputs([row("a.jpg")], suffix=".webp") == ["a.webp"]


def test_names_do_not_collide_in_whatever_order() -> None:
    rows = [row("a.jpg"), row("a.png"), row("A.webp"), row("a.jpg", "/other"), row("b.jpg")]
    names = outputs(rows)
    assert len({name.casefold() for name in names}) == 5
    assert names[-1] == "b.png"
    assert sorted(outputs(rows[::-1])) == sorted(names)


def test_a_photo_may_come_with_several_prompts() -> None:
    rows = [row("a.jpg", prompt=words) for words in ("a beach", "snow", "snow")]
    jobs = plan(rows, Request())
    assert [job.prompt for job in jobs] == ["a beach", "snow"]
    assert len({job.output for job in jobs}) == 2


def test_a_photo_may_keep_one_person_by_a_number() -> None:
    (job,) = plan([row("a.jpg", people=2)], Request("a beach"))
    assert job.request["people"] == 2 and len(job.id) == 64


def test_seeds_are_given_or_derived_from_the_name() -> None:
    rows = [row("a.jpg"), row("b.jpg"), row("c.jpg", options={"seed": 3})]
    first, second = (plan(rows, Request("a beach")) for _ in range(2))
    seeds = [job.options.seed for job in first]
    assert seeds == [job.options.seed for job in second]
    assert seeds[2] == 3 and len(set(seeds)) == 3
    # where the photos lie does not matter, nor which others there are
    moved = plan([row("b.jpg", "/moved")], Request("a beach"))
    assert moved[0].options.seed == seeds[1] and moved[0].id == first[1].id
    given = plan(rows, Request("a beach", options={"seed": 7}))
    assert [job.options.seed for job in given] == [7, 7, 3]


@pytest.mark.parametrize(
    "change",
    [{"prompt": "snow"}, {"people": "largest"}, {"options": {"light": 0.5}}, {"models": "full"}],
)
def test_another_request_is_another_job(change: dict) -> None:
    before, after = (
        plan([row("a.jpg")], request)[0]
        for request in (Request("a beach"), replace(Request("a beach"), **change))
    )
    assert before.id != after.id and before.output == after.output


def test_one_scene_has_one_seed_and_the_aspect_of_its_first_photo() -> None:
    rows = [row(str(ZIDANE)), row(str(BUS)), row(str(BUS), prompt="snow")]
    beach, also_beach, snow = plan(rows, Request("a beach", same_scene=True))
    assert beach.scene == also_beach.scene != snow.scene
    assert beach.options.seed == also_beach.options.seed != snow.options.seed
    assert beach.frame == also_beach.frame == (1280, 720) and snow.frame == (810, 1080)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"prompt": " "}, "few words"),
        ({"prompt": "x", "background": "blue"}, "not both"),
        ({"prompt": "x", "people": "everybody"}, "people must be"),
        ({"prompt": "x", "options": {"light": 2}}, "light must be"),
        ({"where": "jobs.csv, line 2"}, "jobs.csv, line 2: Describe the scene"),
    ],
)
def test_an_invalid_job_is_reported(values: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        plan([row("a.jpg", **values)], Request())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.jpg", "sub/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


CSV = """path,prompt,people,seed,light,steps
a.jpg,"a beach, at noon",largest,5,0.3,
sub/b.jpg,,,,,4
"""
JSON_LINES = """
{"path": "a.jpg", "prompt": "a beach, at noon", "people": "largest", "seed": 5, "light": 0.3}
{"path": "sub/b.jpg", "steps": 4, "seed": null}
"""


@pytest.mark.parametrize(("name", "text"), [("j.csv", CSV), ("j.jsonl", JSON_LINES)])
def test_a_job_file_has_a_row_a_photo(photos: Path, name: str, text: str) -> None:
    (photos / name).write_text("\ufeff" + text if name == "j.csv" else text)
    first, second = plan(read_rows(photos / name), Request("snow", people="all"))
    assert (first.prompt, first.people) == ("a beach, at noon", "largest")
    assert first.options == SwapOptions(seed=5, light=0.3)
    assert (second.prompt, second.people, second.output) == ("snow", "all", "sub/b.png")
    assert second.options.steps == 4 and isinstance(second, Job)
    assert json.dumps(second.request)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("j.csv", "path,colour\na.jpg,red\n", "no column 'colour'"),
        ("j.csv", "path\na.jpg,b\n", "more cells"),
        ("j.csv", "prompt\nsnow\n", "line 2: the path"),
        ("j.csv", "path\nnone.jpg\n", "line 2: there is no file"),
        ("j.csv", "path\n", "no rows"),
        ("j.jsonl", "{\n", "line 1: it is not JSON"),
        ("j.jsonl", "[]\n", "expected a JSON object"),
        ("j.jsonl", '{"path": "a.jpg", "prompt": 3}\n', "prompt must be text"),
        ("j.txt", "", "ends in .csv or .jsonl"),
        ("none/j.csv", None, "cannot be read"),
    ],
)
def test_a_bad_job_file_is_said(photos: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (photos / name).write_text(text)
    with pytest.raises(BadInput, match=said):
        read_rows(photos / name)


@pytest.mark.parametrize(
    ("cells", "said"), [("seed\na.jpg,many", "seed must be a whole"), ("steps\na.jpg,0", "steps")]
)
def test_a_cell_that_is_no_number_is_said_with_its_line(
    photos: Path, cells: str, said: str
) -> None:
    (photos / "j.csv").write_text(f"path,{cells}\n")
    with pytest.raises(BadInput, match=f"j.csv, line 2: {said}"):
        plan(read_rows(photos / "j.csv"), Request("snow"))


@pytest.mark.parametrize("name", ["keep_mask", "remove_mask"])
def test_masks_of_a_row_are_relative_to_its_file_and_part_of_the_job(
    photos: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir("/")
    (photos / "j.csv").write_text(f"path,{name}\na.jpg,m.png\n")
    Image.new("L", (32, 32), 255).save(photos / "m.png")
    (job,) = plan(read_rows(photos / "j.csv"), Request("snow"))
    assert getattr(job.options, name) == photos / "m.png"
    Image.new("L", (32, 32), 0).save(photos / "m.png")
    os.utime(photos / "m.png", ns=(1, 1))
    (other,) = plan(read_rows(photos / "j.csv"), Request("snow"))
    assert other.id != job.id


def test_masks_of_the_command_are_relative_to_its_folder(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    Image.new("L", (32, 32), 255).save(photos / "m.png")
    rows = [Row(Found(photos / "a.jpg", Path("a.jpg")))]
    (job,) = plan(rows, Request("snow", options={"keep_mask": "m.png"}))
    assert job.options.keep_mask == photos / "m.png"
    with pytest.raises(BadInput, match="the keep mask cannot be used"):
        plan(rows, Request("snow", options={"keep_mask": "none.png"}))
