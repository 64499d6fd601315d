"""ViTMatte, in its own classes and with random weights, takes the place of the matting network."""

from pathlib import Path

import numpy as np
import pytest
from photos import ZIDANE
from tiny_vitmatte import save_vitmatte, tiny_vitmatte

from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.matting.base import Calibration
from bgswap.matting.vitmatte import VitMatteConfig, VitMatteMatter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vitmatte(tmp_path_factory.mktemp("vitmatte"))


class First:
    """A matter whose alpha is the mask, with a soft edge."""

    calibration = Calibration()

    def alphas(self, photo, people):
        return list(people)

    def matte(self, photo, mask, others=None):
        return mask.copy()


def disc(size: int = 200) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    distance = np.hypot(y - size / 2, x - size / 2)
    return ((size * 0.3 - distance) / 4 + 0.5).clip(0, 1).astype(np.float32)


def test_only_the_unknown_band_is_drawn_and_others_are_left_out() -> None:
    matter = VitMatteMatter(tiny_vitmatte(), First(), config=VitMatteConfig(side=64, overlap=16))
    photo = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    mask, others = disc(), np.zeros((200, 200), np.float32)
    others[:, 160:] = 1
    alpha = matter.matte(photo, mask, others)
    assert alpha.dtype == np.float32 and alpha.min() >= 0 and alpha.max() <= 1
    distance = np.hypot(*(np.mgrid[:200, :200] - 100))
    assert (alpha[distance < 50] == 1).all() and (alpha[distance > 70] == 0).all()
    assert alpha[(distance > 58) & (distance < 62)].std() > 0.05
    assert np.array_equal(alpha, np.rint(alpha * 255) / np.float32(255))


def test_views_that_overlap_leave_no_seam() -> None:
    class Constant(VitMatteMatter):
        def _run(self, photo, trimap):
            return np.full(trimap.shape, 0.4, np.float32)

    matter = Constant(tiny_vitmatte(), First(), config=VitMatteConfig(side=64, overlap=16))
    alpha = matter.matte(np.zeros((200, 200, 3), np.uint8), disc())
    soft = (alpha > 0) & (alpha < 1)
    assert set(np.unique(alpha[soft])) == {np.float32(102 / 255)}


def test_a_setting_names_it(folder: Path) -> None:
    settings = Settings(matting=str(folder), person_detector="", device="cpu")
    swapper = BackgroundSwapper.from_settings(settings)
    result = swapper.swap(ZIDANE, options=SwapOptions(background="#fff"))
    assert result.details["models"]["matting"] == {
        "weights": str(folder),
        "kind": "full",
        "license": "not known",
    }
    assert not result.notes


def test_broken_weights_give_the_network_and_a_note(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text().replace('"hidden_size": 16', '"hidden_size": 8')
    (tmp_path / "config.json").write_text(config)
    models = BackgroundSwapper.from_settings(Settings(matting=str(tmp_path), device="cpu")).models
    loaded = models.matter()
    assert loaded.weights.kind == "starter" and "cannot be used" in loaded.note
