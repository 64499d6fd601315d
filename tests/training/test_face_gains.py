"""The table of soft faces, fitted on drawn ones with a VAE of random weights."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from bgswap.faces.gains import EDGES, Softness
from bgswap.networks import FaceVAE
from training.face_vae import fit_gains

BANDS = len(EDGES) - 1


def drawn(seed: int) -> np.ndarray:
    """Blotches with some grain: power in every band."""
    rng = np.random.default_rng(seed)
    small = rng.integers(60, 190, (8, 8, 3), dtype=np.uint8)
    large = cv2.resize(small, (64, 64), interpolation=cv2.INTER_CUBIC)
    return (large + rng.normal(0, 6, large.shape)).round().clip(0, 255).astype(np.uint8)


@pytest.fixture
def faces() -> list[np.ndarray]:
    return [drawn(seed) for seed in range(6)]


@pytest.fixture
def vae() -> FaceVAE:
    torch.manual_seed(0)
    return FaceVAE(latent=4).eval()


def test_an_undamaged_face_is_left_as_it_is(faces, vae):
    clean = fit_gains.fit("clean", faces, faces, vae)
    # A little less than 1 for the noise that half of the faces get.
    np.testing.assert_allclose(clean.own, 1, atol=0.05)
    made = [drawn(seed) for seed in range(50, 56)]
    own, network = fit_gains.fitted_gains(faces, faces, made)
    np.testing.assert_allclose(own, 1, atol=1e-3)
    np.testing.assert_allclose(network, 0, atol=1e-3)


def test_what_the_network_knows_is_taken_from_it(faces):
    nothing = [drawn(seed) for seed in range(50, 56)]
    own, network = fit_gains.fitted_gains(faces, nothing, faces)
    np.testing.assert_allclose(own, 0, atol=1e-3)
    np.testing.assert_allclose(network, 1, atol=1e-3)


def test_prints_the_table_as_python(tmp_path, faces, vae, capsys, monkeypatch):
    (tmp_path / "train").mkdir()
    for number, face in enumerate(faces):
        Image.fromarray(face).save(tmp_path / "train" / f"{number}.png")
    vae.save_pretrained(tmp_path / "vae")
    monkeypatch.setattr(fit_gains, "BLURS", (1.5,))
    monkeypatch.setattr(fit_gains, "SIDES", (16, 32))
    flags = ["--faces", str(tmp_path), "--vae", str(tmp_path / "vae"), "--faces-used", "4"]
    assert fit_gains.main(flags) == 0
    found = {"Softness": Softness}
    exec(capsys.readouterr().out, found)
    assert [row.name for row in found["BLURRED"]] == ["blur 1.5"]
    assert [row.name for row in found["SHRUNK"]] == ["16 pixels", "32 pixels"]
    assert len(found["CLEAN"]) == BANDS
    for row in (*found["BLURRED"], *found["SHRUNK"]):
        assert [len(values) for values in row[1:]] == [BANDS] * 3
        assert row.levels[6] < found["CLEAN"][6]


def test_missing_weights_are_told(tmp_path):
    flags = ["--faces", str(tmp_path), "--vae", str(tmp_path / "none")]
    assert fit_gains.main(flags) == 2
