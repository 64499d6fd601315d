"""The batch benchmark's photos."""

from pathlib import Path

from PIL import Image

from benchmarks.batch import make_photos


def test_no_two_photos_are_equal_and_all_have_the_size_asked_for(tmp_path: Path) -> None:
    make_photos(tmp_path, 6, 100_000)
    photos = sorted(tmp_path.iterdir())
    assert len({photo.read_bytes() for photo in photos}) == len(photos) == 6
    for photo in photos:
        width, height = Image.open(photo).size
        assert abs(width * height - 100_000) < 2_000
