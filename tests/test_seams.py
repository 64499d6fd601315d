"""What a user of the package can plug in, each in a few lines and through public means alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import tiny
from photos import ZIDANE

from bgswap import Background, BackgroundSwapper, Person, Settings, SwapOptions
from bgswap.backgrounds.plain import PlainColor
from bgswap.io.images import open_photo
from bgswap.models import registry
from bgswap.presets import CHOICES, PRESETS, add_preset

PROMPT, QUICK = "a forest", SwapOptions(seed=1, steps=1)


@pytest.fixture(autouse=True)
def registrations_end_with_the_test() -> Iterator[None]:
    tables: tuple[dict, ...] = (registry._FACTORIES, PRESETS, CHOICES)
    before = [dict(table) for table in tables]
    yield
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        table.update(rows)


def swapper(**settings: object) -> BackgroundSwapper:
    return BackgroundSwapper.from_settings(Settings(models="starter", device="cpu", **settings))


def test_a_custom_matter() -> None:
    class Hard:
        def matte(self, photo, mask, others=None):
            return (mask > 0.5).astype(np.float32)

    registry.register("matting", "hard", lambda device: Hard())
    result = swapper(matting="hard").swap(ZIDANE, PROMPT, options=QUICK)
    assert set(np.unique(result.cutout[:, :, 3])) == {0, 255}
    assert result.details["models"]["matting"] == {
        "weights": "hard",
        "kind": "registered",
        "license": "not known",
    }


def test_a_custom_detector() -> None:
    class LeftHalf:
        judges = True

        def detect(self, photo):
            mask = np.zeros(photo.shape[:2], np.float32)
            mask[:, : photo.shape[1] // 2] = 1
            return [Person(1, (0, 0, photo.shape[1] // 2, photo.shape[0]), 0.9, mask)]

    registry.register("person_detector", "left half", lambda device: LeftHalf())
    have = swapper(person_detector="left half", matting="closed_form")
    result = have.swap(ZIDANE, PROMPT, options=QUICK)
    (person,) = result.details["people"]
    assert person["box"] == [0, 0, 640, 720]
    assert result.details["models"]["people"]["weights"] == "left half"


def test_a_custom_face_finder() -> None:
    seen = []

    class Nobody:
        def find(self, image, mask):
            seen.append(mask.max())

    registry.register("face_finder", "nobody", lambda device: Nobody())
    options = SwapOptions(seed=1, enhance_faces=1)
    white = PlainColor((255, 255, 255))
    result = swapper(face_finder="nobody").swap(ZIDANE, background=white, options=options)
    assert result.details["models"]["face_finder"] == {
        "weights": "nobody",
        "kind": "registered",
        "license": "not known",
    }
    assert "Faces of 2 kept people: 2 not found." in result.notes
    assert len(seen) == 2


def test_a_custom_background() -> None:
    class Green:
        def make(self, photo, alpha):
            return [Background(np.full_like(photo, (0, 200, 0)), source="green")]

    result = swapper().swap(ZIDANE, background=Green())
    gone = result.cutout[:, :, 3] == 0
    assert gone.mean() > 0.2
    assert (result.image[gone] == (0, 200, 0)).all()
    assert "scene" not in result.details["models"]


def test_a_custom_preset(tmp_path) -> None:
    folder = tiny.save_inpainting(tmp_path / "pipeline")
    row = replace(
        PRESETS["quality"], name="mine", title="My model", steps=1, repository=str(folder)
    )
    add_preset(row)
    assert CHOICES["mine"] == "My model"
    have = BackgroundSwapper.from_settings(Settings(person_detector="", device="cpu"))
    result = have.swap(ZIDANE, PROMPT, options=SwapOptions(seed=1, preset="mine"))
    assert result.details["models"]["scene"] == {
        "weights": str(folder),
        "kind": "full",
        "license": "not known",
    }


def test_the_setting_of_a_presets_repository_comes_with_its_row(tmp_path) -> None:
    folder = tiny.save_inpainting(tmp_path / "pipeline")
    add_preset(replace(PRESETS["quality"], name="mine", repository="someone/nothing"))
    environment = {"BGSWAP_SCENE_MINE": str(folder), "BGSWAP_DEVICE": "cpu"}
    have = BackgroundSwapper.from_settings(Settings.from_env(environment))
    assert have.models.scene("mine").weights.path == folder


def test_closed_form_matting_is_a_setting() -> None:
    photo = open_photo(ZIDANE)[::4, ::4]
    have = swapper(matting="closed_form")
    alpha = have.matte(photo, have.find_people(photo))
    assert 0.1 < alpha.mean() < 0.9
