"""Which photos folders, globs, lists and names stand for."""

from pathlib import Path

import pytest

from bgswap.batch.inputs import find_photos
from bgswap.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ["a.jpg", "b.PNG", "notes.txt", ".hidden.jpg", "day 1/a.heic", ".thumbs/a.jpg"]
    for name in [*names, "out/a.png", "out/deep/b.png"]:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def names(found: list) -> list[str]:
    return [photo.name.as_posix() for photo in found]


def test_a_folder_is_searched_to_its_depth_but_for_the_results(folder: Path) -> None:
    assert names(find_photos(["in"], Path("in/out"))) == ["a.jpg", "b.PNG", "day 1/a.heic"]
    found = names(find_photos(["in"], Path("elsewhere")))
    assert found == ["a.jpg", "b.PNG", "day 1/a.heic", "out/a.png", "out/deep/b.png"]


def test_a_glob_is_named_from_its_fixed_part(folder: Path) -> None:
    assert names(find_photos(["in/*/*.heic"], Path("out"))) == ["day 1/a.heic"]
    found = names(find_photos(["in/**/a.*"], Path("in/out")))
    assert sorted(found) == ["a.jpg", "day 1/a.heic"]


def test_a_list_is_relative_to_itself(folder: Path) -> None:
    (folder / "list.txt").write_text("a.jpg\n\nday 1\n")
    assert names(find_photos(["@in/list.txt"], Path("out"))) == ["a.jpg", "a.heic"]


def test_a_photo_named_twice_counts_once(folder: Path) -> None:
    (folder / "link.jpg").symlink_to("a.jpg")
    found = find_photos(["in/a.jpg", "in/link.jpg", "in", "in/*.jpg"], Path("in/out"))
    assert names(found) == ["a.jpg", "b.PNG", "day 1/a.heic"]
    assert all(photo.path.is_absolute() and photo.path.is_file() for photo in found)


def test_a_file_named_outright_needs_no_suffix_of_a_picture(folder: Path) -> None:
    assert names(find_photos(["in/notes.txt"], Path("out"))) == ["notes.txt"]


def test_a_name_with_brackets_is_a_name_where_it_is_there(folder: Path) -> None:
    (folder / "a[1].jpg").touch()
    assert names(find_photos(["in/a[1].jpg"], Path("out"))) == ["a[1].jpg"]


@pytest.mark.parametrize("name", ["none.jpg", "in/*.tif", "empty", "@none.txt", "@in/bad.txt"])
def test_a_name_that_stands_for_nothing_is_said(folder: Path, name: str) -> None:
    (folder.parent / "empty").mkdir()
    (folder / "bad.txt").write_text("a.jpg\nnone.jpg\n")
    with pytest.raises(BadInput, match=r"none\.jpg|in/\*\.tif|empty|none\.txt"):
        find_photos([name], Path("out"))
