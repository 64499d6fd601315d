"""A request may name any path as its photo: only what was uploaded is let through."""

from pathlib import Path

import pytest

from bgswap.errors import BadInput
from bgswap.ui.guard import uploaded_path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    (tmp_path / "secret.png").touch()
    (tmp_path / "cache" / "photo.png").touch()
    return tmp_path / "cache"


def test_what_was_uploaded_is_let_through(cache: Path) -> None:
    assert uploaded_path({"path": str(cache / "photo.png")}, cache) == cache / "photo.png"


def test_a_way_out_of_the_folder_is_closed(cache: Path) -> None:
    (cache / "link.png").symlink_to(cache.parent / "secret.png")
    (cache / "up").symlink_to(cache.parent)
    for path in ("link.png", "up/secret.png", "../secret.png", "missing.png", ""):
        with pytest.raises(BadInput):
            uploaded_path({"path": str(cache / path)}, cache)


def test_a_cache_that_is_a_link_itself_works(cache: Path) -> None:
    link = cache.parent / "link"
    link.symlink_to(cache)
    assert uploaded_path({"path": str(link / "photo.png")}, link) == cache / "photo.png"
