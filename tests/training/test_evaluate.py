"""Evaluation: what it measures, where it writes it, and what it says when it cannot."""

import json
import shutil
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image, ImageDraw
from torchvision.models.resnet import BasicBlock, ResNet

from bgswap.networks import FaceVAE, MaskAutoencoder
from training.common import fid
from training.common.cards import Figure, put_figures, write_card
from training.common.data import PictureArchive
from training.common.export import save_hub_folder
from training.common.facts import RunFacts
from training.common.fid import DetectorFeatures, frechet_distance, load_features
from training.evaluate import main
from training.scene import classifier as scene_classifier
from training.scene.classifier import features
from training.scene.data.pictures import load_scenes
from training.scene.evaluate import common_classes, copied, nearest


class MeanColor(torch.nn.Module):
    """A feature network of three numbers: a picture's mean color."""

    num_features = 3

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.float().mean((2, 3))


def pictures(count: int, shift: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(shift, 100 + shift, (64, 64, 3), dtype=np.uint8) for _ in range(count)]


@pytest.fixture
def offline(monkeypatch):
    """Inception's weights cannot be fetched, as on a machine without a network."""

    metric = fid.FrechetInceptionDistance

    def unreachable(feature: object) -> object:
        if feature == 2048:
            raise URLError("no route to host")
        return metric(feature=feature)

    monkeypatch.setattr(fid, "FrechetInceptionDistance", unreachable)


def test_fid_with_a_custom_network_names_it():
    alike = frechet_distance(pictures(20), pictures(20), MeanColor())
    apart = frechet_distance(pictures(20), pictures(20, shift=30), MeanColor(), "colors")
    assert (alike.features, apart.features) == ("MeanColor", "colors")
    assert alike.value == pytest.approx(0, abs=1e-6)
    assert alike.kid == pytest.approx(0, abs=1e-3 * apart.kid)
    # Three channels, 30 grey levels apart, the same spread.
    assert apart.value == pytest.approx(3 * 30**2, rel=0.01)
    assert not apart.note


def test_the_kernel_distance_does_not_depend_on_the_pictures_order():
    alike, apart = pictures(20), pictures(20, shift=30)
    one, other = (
        frechet_distance(pictures(20), made, MeanColor()) for made in (alike + apart, apart + alike)
    )
    assert (one.real, one.made) == (20, 40)
    assert one.kid == pytest.approx(other.kid, rel=0.3)
    assert 0.1 < one.kid / frechet_distance(pictures(20), apart, MeanColor()).kid < 0.6


def test_fid_on_few_pictures_warns(caplog):
    few = frechet_distance(pictures(3), pictures(3, shift=30), MeanColor())
    assert few.value is not None and "3 pictures for 3 features" in few.note
    assert "more than that are needed" in caplog.text
    with pytest.raises(ValueError, match="two pictures"):
        frechet_distance(pictures(1), pictures(5), MeanColor())


def test_fid_offline_says_so_and_makes_up_no_number(offline):
    result = frechet_distance(pictures(3), pictures(3))
    assert result.value is None
    assert "could not be fetched (no route to host)" in result.note


def test_the_detectors_features_tell_noise_from_drawings():
    network = DetectorFeatures()
    drawn = [np.full_like(picture, n) for n, picture in enumerate(pictures(4))]
    alike = frechet_distance(pictures(4), pictures(4, shift=2), network)
    apart = frechet_distance(pictures(4), drawn, network)
    assert alike.value < apart.value / 10 and alike.kid < apart.kid / 10


def test_features_are_named_by_module_and_function():
    network, name = load_features(f"{__name__}:MeanColor")
    assert isinstance(network, MeanColor) and name.endswith(":MeanColor")
    assert load_features("inception") == (None, "")
    for wrong in ("nothing.there:at", "training.common.fid:nothing", "resnet"):
        with pytest.raises(ValueError, match="module:function"):
            load_features(wrong)


def figure(value: float) -> Figure:
    return Figure("image-segmentation", "some masks", "iou", value, "IoU")


@pytest.mark.parametrize("role", ["mask-autoencoder", "face-vae"])
def test_cards_take_figures_and_replace_them(role, tmp_path):
    write_card(role, tmp_path, RunFacts(settings={"side": 96}))
    put_figures(tmp_path, "| first |", [figure(0.5)])
    put_figures(tmp_path, "| second |", [figure(0.9)])
    card = ModelCard.load(tmp_path / "README.md")
    assert "second" in card.text and "first" not in card.text
    assert "Not measured" not in card.text and "- side: 96" in card.text
    assert [result.metric_value for result in card.data.eval_results] == [0.9]
    assert card.data.license is None and card.data.get("library_name") == "bgswap"
    assert "## Limits" in card.text


def test_a_card_without_markers_is_left_alone(tmp_path):
    with pytest.raises(FileNotFoundError):
        put_figures(tmp_path, "text", [])
    path = tmp_path / "README.md"
    path.write_text("---\nlicense: mit\n---\nMine.\n")
    with pytest.raises(ValueError, match="markers"):
        put_figures(tmp_path, "text", [])
    assert path.read_text().endswith("Mine.\n")


def people_folder(folder: Path) -> Path:
    """Two photos with an ellipse as person each."""
    val = folder / "people" / "val"
    val.mkdir(parents=True)
    for number in range(2):
        mask = Image.new("L", (80, 120))
        ImageDraw.Draw(mask).ellipse((15, 10 + number, 60, 110), fill=255)
        mask.save(val / f"{number}.png")
        Image.new("RGB", (80, 120)).save(val / f"{number}.webp")
    return folder


def test_mask_evaluation_writes_table_files_and_card(tmp_path, capsys):
    torch.manual_seed(0)
    weights = tmp_path / "weights"
    save_hub_folder(MaskAutoencoder(side=32), weights, "mask-autoencoder", RunFacts())
    people = people_folder(tmp_path / "data")
    flags = ["--weights", str(weights), "--people", str(people), "--out", str(tmp_path / "out")]
    flags += ["--rounds", "2", "--noise-steps", "2"]
    assert main(["mask-autoencoder", *flags]) == 0
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())["scores"]
    assert list(scores) == ["damaged", "median filter 9", "trained on noise", "mask autoencoder"]
    assert scores["damaged"]["clean_iou"] == 1 > scores["damaged"]["iou"]
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"scores.json", "scores.png", "sheet.png"}
    assert f"{scores['mask autoencoder']['iou']:.4f}" in capsys.readouterr().out
    card = ModelCard.load(weights / "README.md")
    values = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert {result.metric_type for result in card.data.eval_results} == {"iou"}
    gain = scores["mask autoencoder"]["iou"] - scores["damaged"]["iou"]
    assert values["IoU gained"] == pytest.approx(gain, abs=1e-4)


def test_face_evaluation_goes_on_without_inception(tmp_path, offline, capsys):
    torch.manual_seed(0)
    weights, faces = tmp_path / "weights", tmp_path / "faces" / "val"
    save_hub_folder(FaceVAE(latent=8), weights, "face-vae", RunFacts())
    faces.mkdir(parents=True)
    for number, face in enumerate(pictures(4)):
        Image.fromarray(face).save(faces / f"{number}.png")
    flags = ["--weights", str(weights), "--data", str(tmp_path / "faces")]
    assert main(["face-vae", *flags, "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert set(report["fid"]) == {"reconstructions", "samples"}
    assert report["fid"]["samples"]["value"] > 0
    assert "person detector" in report["fid"]["samples"]["features"]
    assert set(report["scores"]) == {"reconstruction", "bicubic 64-16-64", "degraded", "restored"}
    assert "FID and KID of samples" in capsys.readouterr().out
    card = ModelCard.load(weights / "README.md")
    assert "FID and KID of samples" in card.text and "bicubic 64-16-64" in card.text
    assert {"fid", "kid"} < {result.metric_type for result in card.data.eval_results}


def test_finished_pictures_are_scored_where_people_stayed(tmp_path):
    for name in ("photos", "results", "cutouts", "real"):
        (tmp_path / name).mkdir()
    for number, photo in enumerate(pictures(4)):
        result = photo.copy()
        result[:, 32:] = 0
        alpha = np.zeros((64, 64), np.uint8)
        alpha[:, :20] = 255
        Image.fromarray(photo).save(tmp_path / "photos" / f"{number}.png")
        Image.fromarray(photo).save(tmp_path / "real" / f"{number}.png")
        Image.fromarray(result).save(tmp_path / "results" / f"{number}.png")
        cutout = Image.fromarray(np.dstack([photo, alpha]))
        cutout.save(tmp_path / "cutouts" / f"{number}.png")
    flags = [f"--{name}={tmp_path / name}" for name in ("photos", "results", "cutouts", "real")]
    flags += [f"--out={tmp_path / 'out'}", f"--features={__name__}:MeanColor"]
    assert main(["swaps", *flags]) == 0
    report = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert report["scores"]["mean"] == pytest.approx({"ssim": 1, "mse": 0, "kept": 20 / 64})
    assert report["fid"]["results"]["value"] > 100
    (tmp_path / "cutouts" / "2.png").unlink()
    assert main(["swaps", *flags]) == 2


def test_missing_or_foreign_weights_are_one_line(tmp_path, caplog):
    people = people_folder(tmp_path / "data")
    flags = ["--people", str(people), "--out", str(tmp_path / "out")]
    assert main(["mask-autoencoder", "--weights", str(tmp_path), *flags]) == 2
    assert "no weights at" in caplog.text
    save_hub_folder(FaceVAE(latent=4), tmp_path / "faces", "face-vae", RunFacts())
    assert main(["mask-autoencoder", "--weights", str(tmp_path / "faces"), *flags]) == 2
    assert "do not fit" in caplog.text


def scenes_folder(folder: Path) -> Path:
    """Scenes of two classes, blue and green with grain."""
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for name, color in (("sea", (40, 90, 200)), ("forest", (40, 120, 40))):
            place = folder / "scenes" / part / name
            place.mkdir(parents=True)
            for number in range(6):
                grain = rng.normal(0, 12, (64, 64, 3)) + color
                picture = Image.fromarray(grain.clip(0, 255).astype(np.uint8))
                picture.save(place / f"{number}.webp", quality=90)
    return folder


def test_scene_evaluation_says_whether_pictures_show_their_class(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(scene_classifier, "BATCH", 3)
    weights = shutil.copytree("bgswap/starter/scene", tmp_path / "scene")
    scenes = scenes_folder(tmp_path / "data")
    flags = ["--weights", str(weights), "--scenes", str(scenes), "--out", str(tmp_path / "out")]
    sizes = ["--side", "64", "--classifier-side", "64", "--least", "6"]
    assert main(["scene", *flags, "--each", "2", "--epochs", "30", *sizes]) == 0
    found = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert list(found["scores"]) == ["forest", "sea", "all"]
    assert found["scores"]["all"]["held_out"] == 1.0
    assert set(found["fid"]) == {"made", "mean picture", "nearest training pictures"}
    assert found["fid"]["made"]["value"] > 0 and "detector" in found["fid"]["made"]["features"]
    assert found["seconds"] > 0 and 0 <= found["copies"]["suspicious"] <= 1
    assert found["fine_detail"] > 0
    sheet = np.asarray(Image.open(tmp_path / "out" / "sheet.png"))
    assert sheet.shape == (2 * 64, 2 * 64, 3)
    values = {r.metric_type for r in ModelCard.load(weights / "README.md").data.eval_results}
    assert values == {"accuracy", "fid", "kid"}
    assert "FID and KID of made" in capsys.readouterr().out


def test_scenes_of_rare_classes_are_not_judged(tmp_path):
    (scenes_folder(tmp_path) / "scenes" / "train" / "sea" / "0.webp").unlink()
    archive = PictureArchive(tmp_path)
    assert common_classes(archive, 5) == ["forest", "sea"]
    assert common_classes(archive, 6) == ["forest"]
    pictures, names = load_scenes(archive, "train", 32, ["forest"])
    assert pictures.shape == (6, 32, 32, 3) and set(names) == {"forest"}
    with pytest.raises(ValueError, match="--least"):
        common_classes(archive, 7)


def test_copies_of_training_pictures_are_noticed():
    rng = np.random.default_rng(1)
    known = rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    others = rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=2).eval()
    known, others = (features(network, pictures) for pictures in (known, others))
    assert copied(known, others, known[:5])["suspicious"] == 1.0
    assert copied(known, others, others)["suspicious"] < 0.2
    assert nearest(known, known[7:9])[1].tolist() == [7, 8]
