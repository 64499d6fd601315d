"""A card says what the run was, and nothing of data that was not used."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

from training.common.facts import sha256_of
from training.common.loop import train
from training.common.tasks import LoopSettings
from training.face_vae.train import FaceTask
from training.mask_autoencoder.train import MaskTask

DATA_SETS = ("CelebA", "Clothing", "Parsing", "All-Age", "COCO", "Human Segmentation", "VikramS")


def blotch(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((64, 64))


def card_of(task, folder: Path) -> ModelCard:
    settings = LoopSettings(folder, epochs=1, batch=2, learning_rate=0.001, cpu=True)
    train(task, settings)
    return ModelCard.load(folder / "hub" / "README.md")


def people_zip(path: Path) -> Path:
    mask = np.zeros((64, 48), np.uint8)
    mask[8:60, 10:40] = 255
    with zipfile.ZipFile(path, "w") as archive:
        for part, count in (("train", 3), ("val", 1)):
            for number in range(count):
                with archive.open(f"people/{part}/mine_{number}.webp", "w") as file:
                    Image.new("RGB", (48, 64)).save(file, "webp")
                with archive.open(f"people/{part}/mine_{number}.png", "w") as file:
                    Image.fromarray(mask).save(file, "png")
    return path


def test_drawn_masks_alone_name_no_photos(tmp_path):
    card = card_of(MaskTask(None, 32, 4, seed=0, held_out=2), tmp_path)
    assert not [name for name in DATA_SETS if name in card.text]
    assert "masks drawn by the training script" in card.text
    assert card.data.license == "agpl-3.0"


def test_custom_masks_are_named_with_counts_and_hash(tmp_path):
    people = people_zip(tmp_path / "mine.zip")
    card = card_of(MaskTask(people, 32, 4, seed=0, held_out=2), tmp_path / "run")
    assert not [name for name in DATA_SETS if name in card.text]
    assert str(people) in card.text and sha256_of(people) in card.text
    assert "3 train, 1 val" in card.text
    assert card.data.license is None, "nobody said what these photos allow"


def faces_folder(folder: Path) -> Path:
    for part, count in (("train", 4), ("val", 2)):
        (folder / part).mkdir(parents=True)
        for number in range(count):
            blotch(number).save(folder / part / f"{number}.png")
    return folder


def test_custom_faces_are_not_celeba(tmp_path):
    faces = faces_folder(tmp_path / "faces")
    task = FaceTask(faces, 4, 1.0, 0.5, download=False, seed=0, begin="random")
    card = card_of(task, tmp_path / "run")
    assert not [name for name in DATA_SETS if name in card.text]
    assert str(faces) in card.text and "4 train, 2 val" in card.text
    assert "begin: random" in card.text
    assert card.data.license is None


def test_celeba_as_torchvision_keeps_it_is_celeba(tmp_path):
    (tmp_path / "celeba" / "img_align_celeba").mkdir(parents=True)
    for number in range(4):
        aligned = blotch(number).resize((178, 218))
        aligned.save(tmp_path / "celeba" / "img_align_celeba" / f"{number:06}.jpg")
    task = FaceTask(tmp_path, 4, 1.0, 0.0, download=False, seed=0, begin="random")
    card = card_of(task, tmp_path / "run")
    assert "CelebA (Liu, Luo, Wang, Tang, ICCV 2015)" in card.text
    assert str(tmp_path / "celeba") in card.text and "3 train, 1 val" in card.text
    assert card.data.license_name == "celeba-non-commercial-research"


@pytest.mark.parametrize("role", ["masks", "faces"])
def test_the_facts_of_the_run_are_on_the_card(role, tmp_path):
    if role == "masks":
        task = MaskTask(None, 32, 4, seed=3, held_out=2)
    else:
        task = FaceTask(faces_folder(tmp_path / "faces"), 4, 1.0, 0.5, False, 3, begin="random")
    text = card_of(task, tmp_path / "run").text
    parameters = sum(weight.numel() for weight in task.network.parameters())
    expected = [f"parameters: {parameters:,}", "steps: 2", "duration: ", "hardware: "]
    expected += [f"torch {torch.__version__}".split("+")[0], "batch: 2", "python -m "]
    expected += ['from_pretrained("OWNER/NAME")', "pip install"]
    assert not [words for words in expected if words not in text]
