"""The face VAE's data, its command, and training on two processes."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bgswap.networks import FaceVAE
from training.face_vae.degrade import add_noise, blur, degrade, jpeg, lower_resolution
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import Faces, to_side
from training.face_vae.pca_init import begin_as_pca
from training.face_vae.train import FaceTask, main

ROOT = Path(__file__).parents[2]


def blotch(seed: int, width: int = 64, height: int = 64) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def faces(tmp_path) -> Path:
    """A zip as the training data comes: faces/{train,val}/N.webp."""
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part, count in (("train", 16), ("val", 4)):
            for number in range(count):
                with archive.open(f"faces/{part}/{number:05}.webp", "w") as file:
                    blotch(number + (100 if part == "val" else 0)).save(file, "webp")
    return path


@pytest.mark.parametrize("step", [blur, lower_resolution, add_noise, jpeg, degrade])
def test_each_way_to_degrade_makes_another_picture_of_the_same_face(step):
    face = np.asarray(blotch(1))
    worse = step(face.copy(), np.random.default_rng(2))
    assert worse.shape == face.shape and worse.dtype == np.uint8
    difference = np.abs(worse.astype(float) - face)
    assert 0 < difference.mean() < 40
    np.testing.assert_array_equal(worse, step(face.copy(), np.random.default_rng(2)))


def test_colors_keep_their_order_through_jpeg():
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    assert jpeg(red, np.random.default_rng(0)).mean((0, 1)) == pytest.approx([200, 0, 0], abs=8)


def test_a_zip_and_its_parts(faces):
    assert len(open_faces(faces, "train")) == 16
    assert len(open_faces(faces, "val")) == 4


def test_a_plain_folder_holds_out_every_twentieth(tmp_path):
    for number in range(40):
        blotch(number).save(tmp_path / f"{number:02}.png")
    train, val = (open_faces(tmp_path, part) for part in ("train", "val"))
    assert len(val) == 2 and len(train) == 38
    assert not set(train.names) & set(val.names)


def test_no_faces_at_all_are_reported(tmp_path):
    with pytest.raises(ValueError, match="no pictures for train"):
        open_faces(tmp_path, "train")
    with pytest.raises(FileNotFoundError):
        open_faces(tmp_path / "nowhere", "train")


def test_other_sizes_are_cut_to_their_middle():
    wide = np.zeros((100, 200, 3), np.uint8)
    wide[:, 50:150] = 255
    assert to_side(wide).min() == 255


def test_only_the_input_is_degraded_and_samples_repeat(faces):
    data = Faces(open_faces(faces, "train"), seed=3, degraded=1.0, mirror=True)
    shown, clean = data[5]
    assert shown.shape == clean.shape == (3, 64, 64) and clean.dtype == torch.float32
    assert clean.min() >= 0 and clean.max() <= 1
    assert not torch.equal(shown, clean)
    assert torch.equal(shown, data[5][0])
    original = Faces(data.pictures, seed=3)[5][1]
    assert torch.equal(clean, original) or torch.equal(clean.flip(2), original)
    assert not torch.equal(shown, data[5 + 16][0])


@pytest.mark.parametrize(("degraded", "kl_weight"), [(1.5, 1.0), (0.5, -1.0)])
def test_shares_and_weights_out_of_range_are_refused(faces, degraded, kl_weight):
    with pytest.raises(ValueError, match="degrade"):
        FaceTask(faces, 8, kl_weight, degraded, download=False, seed=0)


def test_the_command_tells_what_is_wrong_in_one_line(tmp_path, faces, caplog):
    run = ["--out", str(tmp_path / "run"), "--cpu"]
    assert main(["--data", str(tmp_path / "nothing"), *run]) == 2
    assert "no folder and no zip" in caplog.text
    assert main(["--data", str(faces), "--resume", "--batch", "4", *run]) == 2
    assert "no checkpoint" in caplog.text


def test_two_processes_train_to_a_like_loss(tmp_path, faces):
    flags = ["--cpu", "--data", str(faces), "--latent", "8", "--epochs", "2"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([*flags, "--batch", "4", "--out", str(one)]) == 0
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc_per_node", "2", "-m", "training.face_vae.train", *flags]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*launch, "--batch", "2", "--out", str(two)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    alone, together = (json.loads((run / "metrics.json").read_text()) for run in (one, two))
    assert (alone["world_size"], together["world_size"]) == (1, 2)
    ends = [metrics["final"]["validation"]["mse"] for metrics in (alone, together)]
    assert ends[1] == pytest.approx(ends[0], rel=0.3)


def test_a_network_begins_as_the_principal_components_of_its_faces() -> None:
    """Faces of few dimensions come back at once, in any lighting the faces themselves have."""
    rng = np.random.default_rng(0)
    modes = np.stack([np.asarray(blotch(n), np.float32) for n in range(6)]) / 255 - 0.5
    shares = rng.uniform(-0.3, 0.3, (80, 6)).astype(np.float32)
    faces = torch.from_numpy(0.5 + np.einsum("ns,shwc->nchw", shares, modes)).clamp(0, 1)
    torch.manual_seed(0)
    network = FaceVAE(latent=32).eval()
    with torch.inference_mode():
        before = (network(faces)[0] - faces).square().mean()
        begin_as_pca(network, faces[:60], kl_weight=0.1)
        made, mu, logvar = network(faces)
    errors = (made - faces).square().mean((1, 2, 3))
    spread = (faces - faces.mean(0)).square().mean()
    assert before > spread
    assert errors[:60].mean() < 0.2 * spread
    assert errors[60:].mean() < 0.25 * spread, "faces it has not seen"
    # What carries nothing stays at the prior, the rest has its spread; the sum is a unit Gaussian.
    variance = mu[:60].var(0, unbiased=False) + logvar[0].exp()
    assert variance == pytest.approx(1, abs=0.1)
    assert (logvar[0].exp() > 0.99).sum() >= 20
