"""The benchmark of grain, on a small photo with noise."""

import json

from photos import ZIDANE
from PIL import Image

from benchmarks import grain


def test_the_scene_gets_the_grain_of_the_photo(tmp_path, capsys) -> None:
    photo = Image.open(ZIDANE).convert("RGB")
    photo.thumbnail((640, 640))
    photo.save(tmp_path / "noisy.png")
    file = tmp_path / "figures.json"
    grain.main([str(tmp_path / "noisy.png"), "--noise", "4", "--json", str(file)])
    found = json.loads(file.read_text())["noisy.png"]
    assert found["people_exact"]
    assert 3 < found["photo"] < 6
    assert found["before"] < 0.3 * found["photo"]
    assert abs(found["after"] / found["photo"] - 1) < 0.1
    assert "| noisy.png |" in capsys.readouterr().out
