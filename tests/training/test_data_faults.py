"""Data as people have it: read where it can be, else one line that names the file."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.common.data import PictureArchive, people_names, read_person
from training.face_vae.train import main as train_faces
from training.mask_autoencoder.train import main as train_masks

WIDTH, HEIGHT = 96, 64


def photo() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((WIDTH, HEIGHT))


def mask(value: int = 255) -> Image.Image:
    """A person in the left half."""
    body = np.zeros((HEIGHT, WIDTH), np.uint8)
    body[8:60, 10:40] = value
    return Image.fromarray(body)


def written(picture: Image.Image, suffix: str, **how: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, {"jpg": "jpeg"}.get(suffix, suffix), **how)
    return data.getvalue()


def palette_mask() -> Image.Image:
    """Pascal VOC: 15 is person, 255 is what nobody labeled."""
    labels = np.asarray(mask(15)).copy()
    labels[:4] = 255
    picture = Image.fromarray(labels, "P")
    picture.putpalette([0, 0, 0] + [64, 128, 192] * 255)
    return picture


def grey_palette_mask() -> Image.Image:
    return mask().convert("P")


def turned_photo() -> bytes:
    """The camera was turned: stored on its side, with EXIF orientation 6."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return written(photo().transpose(Image.Transpose.ROTATE_90), "jpg", exif=exif)


def people(folder: Path, files: dict[str, bytes], extra: dict[str, bytes] | None = None) -> Path:
    """A zip with the same files in train and val, and some more beside them."""
    path = folder / "people.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("train", "val"):
            for name, data in files.items():
                archive.writestr(f"people/{part}/{name}", data)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return path


GOOD = {"a_1.webp": written(photo(), "webp"), "a_1.png": written(mask(), "png")}
READ: dict[str, dict[str, bytes]] = {
    "masks of 0 and 1": GOOD | {"a_1.png": written(mask(1), "png")},
    "palette masks": GOOD | {"a_1.png": written(palette_mask(), "png")},
    "grey palette masks": GOOD | {"a_1.png": written(grey_palette_mask(), "png")},
    "upper-case suffixes": {"A_1.WEBP": GOOD["a_1.webp"], "A_1.PNG": GOOD["a_1.png"]},
    "photos are JPEG": {"a_1.jpg": written(photo(), "jpg"), "a_1.png": GOOD["a_1.png"]},
    "turned by EXIF": {"a_1.jpg": turned_photo(), "a_1.png": GOOD["a_1.png"]},
}


@pytest.mark.parametrize("files", READ.values(), ids=READ)
def test_usual_forms_are_read_as_the_same_person(files: dict[str, bytes], tmp_path: Path) -> None:
    archive = PictureArchive(people(tmp_path, files))
    (stem,) = people_names(archive, "train")
    seen, person = read_person(archive, stem)
    assert seen.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(person, np.asarray(mask()))


def test_what_a_mac_adds_is_passed_over(tmp_path):
    extra = {f"__MACOSX/people/{p}/._a_1.{s}": b"x" for p in ("train", "val") for s in ("png",)}
    extra |= {"people/train/._a_1.png": b"x", "people/train/._a_1.webp": b"x"}
    archive = PictureArchive(people(tmp_path, GOOD, extra))
    assert people_names(archive, "train") == ["people/train/a_1"]
    assert not [name for name in archive.names if "._" in name]


def run_masks(path: Path, folder: Path, *flags: str) -> int:
    small = ["--samples", "4", "--batch", "2", "--epochs", "1", "--side", "32", "--cpu"]
    return train_masks(["--people", str(path), "--out", str(folder / "run"), *small, *flags])


Harm = Callable[[dict[str, bytes]], dict[str, bytes]]
FAULTS: dict[str, tuple[Harm, str]] = {
    "a mask of another size": (
        lambda f: f | {"a_1.png": written(mask().resize((48, 32)), "png")},
        "people/train/a_1.png is 48 x 32 pixels, but its photo is 96 x 64",
    ),
    "a truncated mask": (
        lambda f: f | {"a_1.png": f["a_1.png"][:60]},
        "people/train/a_1.png cannot be read",
    ),
    "a file that is no picture": (
        lambda f: f | {"a_1.png": b"hello"},
        "people/train/a_1.png is no picture",
    ),
    "no masks": (lambda f: {"a_1.webp": f["a_1.webp"]}, "no person mask for train in"),
    "masks of nobody": (
        lambda f: f | {"a_1.png": written(mask(0), "png")},
        "no person mask for train in",
    ),
}


@pytest.mark.parametrize(("harm", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_that_names_the_file(harm, message, tmp_path, caplog):
    assert run_masks(people(tmp_path, harm(GOOD)), tmp_path) == 2
    (error,) = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert message in error and "\n" not in error
    assert not (tmp_path / "run").exists()


def test_an_empty_folder_of_people_is_no_reason_to_draw_masks(tmp_path, caplog):
    (tmp_path / "people").mkdir()
    assert run_masks(tmp_path / "people", tmp_path) == 2
    assert "no person mask for train" in caplog.text


def test_broken_files_are_left_out_as_many_as_allowed_and_counted(tmp_path, caplog):
    caplog.set_level("INFO")
    broken = {"b_1.webp": GOOD["a_1.webp"], "b_1.png": GOOD["a_1.png"][:60]}
    path = people(tmp_path, GOOD | broken)
    assert run_masks(path, tmp_path) == 2
    assert "--skip-broken N" in caplog.text
    caplog.clear()
    assert run_masks(path, tmp_path, "--skip-broken", "2") == 0
    assert f"{path}: 1 person masks for train, 1 broken left out" in caplog.text
    assert f"{path}: 1 person masks for val, 1 broken left out" in caplog.text


def test_a_truncated_face_is_reported_before_the_training(tmp_path, caplog):
    for part, count in (("train", 4), ("val", 2)):
        (tmp_path / "faces" / part).mkdir(parents=True)
        for number in range(count):
            path = tmp_path / "faces" / part / f"{number}.JPG"
            path.write_bytes(written(photo().resize((64, 64)), "jpg"))
    path = tmp_path / "faces" / "train" / "1.JPG"
    path.write_bytes(path.read_bytes()[:400])
    flags = ["--data", str(tmp_path / "faces"), "--out", str(tmp_path / "run"), "--cpu"]
    flags += ["--batch", "2", "--epochs", "1", "--latent", "4", "--begin", "random"]
    assert train_faces(flags) == 2
    assert f"{path} cannot be read" in caplog.text
    assert train_faces([*flags, "--skip-broken", "1"]) == 0
