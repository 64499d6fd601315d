"""How people found are scored, and the pictures that they are scored on."""

import json
import shutil

import numpy as np
import pytest
from drawn_people import SHIRTS, drawn_person, write_archives

from bgswap.matting.network import Calibration
from bgswap.types import Person
from training.common.data import PictureArchive
from training.detector.person_scores import (
    HeldOut,
    Match,
    match,
    mean_average_precision,
    scores,
)
from training.evaluate import main as evaluate
from training.matting.calibrate import main as calibrate
from training.synthesis.composites import LAYOUTS, Composer, Composite
from training.synthesis.cutouts import alone, load_photos, single_person


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    return write_archives(tmp_path_factory.mktemp("data"))


@pytest.fixture
def composer(archives):
    photos = load_photos(PictureArchive(archives), "train")
    return Composer(photos, PictureArchive(archives), "train", seed=3)


def test_photos_of_one_person_are_read_with_their_kind(archives):
    photos = load_photos(PictureArchive(archives), "train")
    assert [p.portrait for p in photos].count(True) == 1
    assert len(photos) == len(SHIRTS)
    image, alpha = photos[-1].cutout
    assert alpha[:, 0].any() and alpha[:, -1].any() and alpha[0].any()
    assert image.shape[:2] == alpha.shape


def test_a_mask_of_two_people_is_no_photo_of_one():
    image, alpha = drawn_person(SHIRTS[0])
    assert single_person(image, alpha, portrait=False) is not None
    twice = np.concatenate([alpha, alpha], axis=1)
    assert single_person(np.concatenate([image, image], axis=1), twice, portrait=False) is None
    assert single_person(image, np.zeros_like(alpha), portrait=False) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_composites_number_everyone_visible(composer, layout):
    for _ in range(12):
        composite = composer.compose(96, 128, layout)
        assert composite.image.shape == (96, 128, 3)
        assert composite.instances.shape == (96, 128)
        present = np.unique(composite.instances)
        present = present[present > 0]
        assert present.tolist() == list(range(1, len(present) + 1))
        assert len(composite.boxes) == len(present)
        assert all(np.sum(composite.instances == i) > 36 for i in present)


def test_layouts_place_several_people_and_the_same_seed_the_same_picture(archives, composer):
    people = [composer.compose(96, 128, "row").instances.max() for _ in range(12)]
    assert np.mean(people) > 1.5
    photos = load_photos(PictureArchive(archives), "train")
    one, two = (Composer(photos, PictureArchive(archives), "train", 5) for _ in range(2))
    assert np.array_equal(one.compose(64, 64).image, two.compose(64, 64).image)


def test_a_pasted_person_shows_their_own_colors(composer):
    composite = composer.compose(128, 128, "close")
    composer.image = np.zeros((128, 128, 3), np.uint8)
    composer.instances = np.zeros((128, 128), np.uint8)
    composer.areas = []
    composer._paste(composer.standing[0], 100, 64, 120)
    body = composer.image[80:110, 60:68].reshape(-1, 3).mean(axis=0)
    assert composer.instances[80:110, 60:68].all() and not composer.instances[:, :20].any()
    assert body[0] > 2 * body[1]
    assert composite.image.std() > 0


def test_who_is_nearer_hides_who_is_pasted_later(composer):
    composer.compose(128, 128, "none")
    composer.image[:], composer.instances[:] = 0, 0
    composer.areas = []
    composer._paste(composer.standing[0], 120, 64, 126)
    near = composer.instances == 1
    composer._paste(composer.standing[1], 50, 64, 100)
    assert np.array_equal(composer.instances == 1, near)


def test_boxes_enclose_what_is_visible():
    instances = np.zeros((40, 80), np.uint8)
    instances[10:20, 20:60] = 1
    instances[30:40, 0:8] = 2
    boxes = Composite(np.zeros((40, 80, 3), np.uint8), instances).boxes
    assert boxes[0] == pytest.approx([0.5, 0.375, 0.5, 0.25])
    assert boxes[1] == pytest.approx([0.05, 0.875, 0.1, 0.25])


def person(mask, confidence):
    return Person(1, (0.0, 0.0, 1.0, 1.0), confidence, mask.astype(np.float32))


def test_matching_pairs_each_person_once():
    instances = np.zeros((20, 40), np.uint8)
    instances[:, :10], instances[:, 30:] = 1, 2
    first, half_of_it = instances == 1, (instances == 1) & (np.arange(40) < 6)
    matches = match([person(half_of_it, 0.5), person(first, 0.9)], instances)
    assert matches == [Match(0.9, 1.0), Match(0.5, 0.0)]
    found = scores([matches], people=2, threshold=0.0)
    assert (found.recall, found.iou, found.false) == (0.5, 1.0, 1.0)
    assert found.quality == pytest.approx(1 / (1 + 0.8 * 1 + 0.2 * 1))
    assert scores([matches], people=2, threshold=0.6).false == 0.0
    assert scores([[]], people=2, threshold=0.0).recall == 0.0


def test_mean_average_precision_is_cocos():
    """Of two people one is found exactly, one with an IoU of 0.62: at three of ten thresholds."""
    instances = np.zeros((20, 40), np.uint8)
    instances[:, :10], instances[:, 30:] = 1, 2
    part = (instances == 2) & (np.cumsum(instances == 2).reshape(20, 40) <= 124)
    empty = Composite(np.zeros((20, 40, 3), np.uint8), instances * 0)
    pictures = [Composite(np.zeros((20, 40, 3), np.uint8), instances), empty]
    both = [person(instances == 1, 0.9), person(part, 0.5)]
    half = 51 / 101  # precision 1 up to a recall of one half, at COCO's 101 recalls
    expected = (3 * 1 + 7 * half) / 10
    assert mean_average_precision([both, []], pictures) == pytest.approx(expected, abs=1e-4)
    false = [person(instances == 1, 0.95)]
    assert mean_average_precision([both, false], pictures) < expected
    assert mean_average_precision([[], []], pictures) == 0


def test_bystanders_keep_a_photo_from_being_background(archives):
    *others, photo = load_photos(PictureArchive(archives), "train")
    height, width = photo.alpha.shape
    behind = np.zeros((height, width), np.float32)
    behind[:, :4] = 1
    masked = np.float32(photo.alpha > 127)
    for found, expected in (
        ([], True),
        ([person(masked, 0.9)], True),
        ([person(masked, 0.9), person(behind, 0.5)], False),
        ([person(behind, 0.1)], True),
        ([person(np.zeros_like(behind), 0.9)], True),
    ):
        assert alone(photo, lambda _, found=found: found).alone is expected
    crowded = alone(photo, lambda _: [person(behind, 0.5)])
    composer = Composer([crowded, *others], PictureArchive(archives), "train", 1)
    assert crowded in composer.standing and crowded not in composer.grounds


def small_held_out(people, scenes, **options):
    return HeldOut(people, scenes, composites=4, **options)


def test_photos_for_choosing_and_for_figures_are_different_ones(archives):
    choosing, figures = (HeldOut(archives, archives, 4, c) for c in (True, False))
    assert len(choosing.single) + len(figures.single) == len(SHIRTS)
    assert not any(
        np.array_equal(a.image, b.image) for a in choosing.single for b in figures.single
    )


def test_evaluation_measures_the_products_masks_and_shows_who_was_missed(
    archives, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("training.detector.evaluate.HeldOut", small_held_out)
    folder = shutil.copytree("bgswap/starter/person-detector", tmp_path / "detector")
    common = ["--people", str(archives), "--scenes", str(archives), "--weights", str(folder)]
    assert evaluate(["person-detector", *common, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "scores.json").read_text())
    recall = found["scores"]["photos of one person"]["recall"]
    assert 0 <= recall <= 1 and "photos of one person" in capsys.readouterr().out
    assert (found["poor"] > 0) == (tmp_path / "out" / "poor.png").exists()
    assert f"| {recall:.3f} |" in (folder / "README.md").read_text()


def test_calibration_lies_beside_the_weights(archives, tmp_path, monkeypatch):
    monkeypatch.setattr("training.matting.calibrate.HeldOut", small_held_out)
    monkeypatch.setattr("training.matting.calibrate.SHARES", (0.5,))
    folder = shutil.copytree("bgswap/starter/matting", tmp_path / "matting")
    (folder / "calibration.json").unlink(missing_ok=True)
    data = ["--people", str(archives), "--scenes", str(archives), "--matting", str(folder)]
    assert calibrate(data) == 0
    assert 0 < Calibration.read(folder).threshold < 1
