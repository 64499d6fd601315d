"""CelebA in every shape people have it, and faces of a data set on the Hub."""

import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.face_vae.face_sources import HUB, open_faces
from training.face_vae.train import main

GREEN, RED = (0, 200, 0), (200, 0, 0)
# Of eight pictures: parts 0 is train, 1 val, 2 test.
PARTS = (0, 0, 0, 0, 0, 1, 1, 2)


def aligned() -> Image.Image:
    """178 x 218, green in the middle 108 x 108, red around it."""
    picture = Image.new("RGB", (178, 218), RED)
    picture.paste(GREEN, (35, 65, 143, 173))
    return picture


def table(rows: str = "{name} {part}\n", head: str = "") -> str:
    lines = (rows.format(name=f"{n:06}.png", part=part) for n, part in enumerate(PARTS, 1))
    return head + "".join(lines)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A plain img_align_celeba/."""
    folder = tmp_path / "plain" / "img_align_celeba"
    folder.mkdir(parents=True)
    for number in range(1, len(PARTS) + 1):
        aligned().save(folder / f"{number:06}.png")
    return folder


def torchvisions(pictures: Path, complete: bool) -> Path:
    base = pictures.parents[1] / "root" / "celeba"
    shutil.copytree(pictures, base / "img_align_celeba")
    if complete:
        (base / "list_eval_partition.txt").write_text(table())
    return base.parent


def kaggles(pictures: Path) -> Path:
    base = pictures.parents[1] / "kaggle"
    shutil.copytree(pictures, base / "img_align_celeba" / "img_align_celeba")
    csv = table("{name},{part}\n", "image_id,partition\n")
    (base / "list_eval_partition.csv").write_text(csv)
    return base


def kaggles_zip(pictures: Path) -> Path:
    return Path(shutil.make_archive(str(pictures.parents[1] / "archive"), "zip", kaggles(pictures)))


def the_zip(pictures: Path) -> Path:
    path = pictures.parents[1] / "img_align_celeba.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(pictures.iterdir()):
            archive.write(file, f"img_align_celeba/{file.name}")
    return path


def zip_that_torchvision_has_not_unpacked(pictures: Path) -> Path:
    base = pictures.parents[1] / "root" / "celeba"
    base.mkdir(parents=True)
    shutil.copy(the_zip(pictures), base)
    return base.parent


@pytest.mark.parametrize(
    ("make", "counts"),
    [
        (lambda p: torchvisions(p, complete=True), (5, 2)),
        (lambda p: torchvisions(p, complete=False), (7, 1)),
        (zip_that_torchvision_has_not_unpacked, (7, 1)),
        (kaggles, (5, 2)),
        (kaggles_zip, (5, 2)),
        (the_zip, (7, 1)),
        (lambda p: p, (7, 1)),
        (lambda p: p.parent, (7, 1)),
    ],
)
def test_each_shape_gives_its_parts_cut_to_the_middle(make, counts, pictures):
    path = make(pictures)
    train, val = (open_faces(path, part) for part in ("train", "val"))
    assert (len(train), len(val)) == counts
    assert not set(train.names) & set(val.names)
    for face in (train[0], val[0]):
        assert face.shape == (108, 108, 3) and (face == GREEN).all()
    assert train.facts({}).license_name == "celeba-non-commercial-research"


def test_what_is_missing_of_torchvisions_folder_is_one_line(tmp_path, caplog):
    (tmp_path / "celeba").mkdir()
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "run"), "--cpu"]) == 2
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"{tmp_path}/celeba has neither img_align_celeba/ nor img_align_celeba.zip: "
        "--download fetches them"
    ]


def test_a_missing_table_of_parts_is_told(pictures, caplog):
    caplog.set_level("INFO")
    open_faces(torchvisions(pictures, complete=False), "train")
    assert "has no list_eval_partition.txt: every twentieth face is held out" in caplog.text


def test_a_download_that_fails_names_what_to_install(tmp_path, monkeypatch, caplog):
    def without_gdown(*_: object, **__: object) -> None:
        raise RuntimeError("To download files from GDrive, 'gdown' is required.")

    monkeypatch.setattr("torchvision.datasets.CelebA", without_gdown)
    flags = ["--data", str(tmp_path), "--download", "--out", str(tmp_path / "run"), "--cpu"]
    assert main(flags) == 2
    assert "pip install gdown" in caplog.text and len(caplog.records) == 1


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A data set as ``datasets`` reads it from a folder: splits train and validation."""
    for split, count in (("train", 3), ("validation", 2)):
        (tmp_path / "set" / split).mkdir(parents=True)
        for number in range(count):
            aligned().save(tmp_path / "set" / split / f"{number}.png")
    return tmp_path / "set"


def test_a_data_set_is_streamed_and_kept_small(dataset):
    train, val = (open_faces(Path(f"{HUB}{dataset}"), part) for part in ("train", "val"))
    assert (len(train), len(val)) == (3, 2)
    assert train[0].shape == (64, 64, 3) and (train[0] == GREEN).all()
    assert train.facts({"train": 3}).dataset == str(dataset)


def test_of_a_data_set_with_one_split_every_twentieth_is_held_out(dataset):
    shutil.rmtree(dataset / "validation")
    for number in range(3, 21):
        Image.fromarray(np.full((64, 64, 3), number, np.uint8)).save(
            dataset / "train" / f"{number:02}.png"
        )
    train, val = (open_faces(Path(f"{HUB}{dataset}"), part) for part in ("train", "val"))
    assert (len(train), len(val)) == (19, 2)


def test_no_datasets_and_no_such_data_set_are_one_line(tmp_path, monkeypatch, caplog):
    flags = ["--out", str(tmp_path / "run"), "--cpu"]
    assert main(["--data", f"{HUB}{tmp_path}/nothing", *flags]) == 2
    assert "cannot be read" in caplog.text and len(caplog.records) == 1
    caplog.clear()
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert main(["--data", f"{HUB}owner/name", *flags]) == 2
    assert "pip install datasets" in caplog.text
