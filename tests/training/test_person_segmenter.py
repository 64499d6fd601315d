"""The person U-Net's training on small drawn people."""

import json
import time

import cv2
import numpy as np
import pytest
import torch
from drawn_people import drawn_closeups, write_archives

from bgswap.networks import PersonUNet
from bgswap.people.detector import PersonDetector
from bgswap.people.detector_files import CLOSER
from bgswap.types import Person
from training import closeups, person_segmenter
from training.closeups import (
    COMPOSITE,
    NOBODY,
    PHOTO,
    SCENE,
    SOMEBODY,
    STORED,
    UNCLEAR,
    Pictures,
    closeups_of,
    gather,
    in_order,
)
from training.cutouts import load_photos
from training.data import PictureArchive
from training.detector_export import export, with_second_stage
from training.detector_loop import build_model
from training.detector_scores import HeldOut
from training.person_segmenter import SegmenterTask, VariedCloseups, main

SMALL = {"height": 64, "width": 32, "widths": (4, 4, 8, 8, 8), "depths": (1, 1, 1, 1, 1)}


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    return write_archives(tmp_path_factory.mktemp("data"))


@pytest.fixture
def detector(tmp_path):
    """A folder of an untrained first stage."""
    torch.manual_seed(0)
    running = {"imgsz": 64, "threshold": 0.3, "iou": 0.5, "training": {"minutes": 3}}
    export(build_model().eval(), running, tmp_path / "detector")
    return tmp_path / "detector"


def person(mask, confidence=0.5):
    rows, columns = np.nonzero(mask > 0.5)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Person(1, tuple(map(float, box)), confidence, np.float32(mask))


def mask_of(*columns):
    mask = np.zeros((60, 80), np.float32)
    mask[10:50, columns[0] : columns[1]] = 1
    return mask


def test_candidates_are_told_apart_by_what_they_show():
    image = np.zeros((60, 80, 3), np.uint8)
    truths = [np.uint8(mask_of(10, 30) * 255), np.uint8(mask_of(40, 60) * 255)]
    shown = {
        SOMEBODY: (mask_of(12, 30), mask_of(10, 14), mask_of(10, 34)),
        UNCLEAR: (mask_of(24, 38),),
        NOBODY: (mask_of(62, 78), mask_of(29, 39)),
    }
    for kind, masks in shown.items():
        for mask in masks:
            ((crop, found),) = closeups_of(image, truths, [person(mask)], False)
            assert found == kind
            assert crop.shape == (*STORED, closeups.LAYERS)
            assert (crop[..., 5].max() == 255) == (kind != NOBODY)


def test_sure_people_without_a_mask_are_unclear_where_some_may_pass_by():
    image, nobody = np.zeros((60, 80, 3), np.uint8), mask_of(62, 78)
    for confidence, passing, kind in ((0.9, True, UNCLEAR), (0.1, True, NOBODY), (0.9, False, 0)):
        ((_, found),) = closeups_of(image, [], [person(nobody, confidence)], passing)
        assert found == kind


def test_everybody_else_is_shown_beside_a_candidate():
    one, other = person(mask_of(10, 30)), person(mask_of(30, 50))
    (crop, _), _ = closeups_of(np.zeros((60, 80, 3), np.uint8), [], [one, other], False)
    assert crop[120, 80, 3] == 255 and crop[120, 80, 4] == 0
    assert crop[120, -30, 4] == 255 and crop[120, -30, 3] == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_are_looked_at_once(archives, detector, tmp_path, monkeypatch, workers):
    def candidates(self, photo):
        mask = np.zeros(photo.shape[:2], np.float32)
        mask[20:60, 20:40] = 1
        return [person(mask)]

    monkeypatch.setattr(PersonDetector, "candidates", candidates)
    found = PersonDetector.load(detector)
    first = gather(found, archives, archives, "val", 3, tmp_path, workers)
    assert len(first.crops) == len(first.kinds) == 3 + 4 + 1
    assert first.sources.tolist() == [COMPOSITE] * 3 + [PHOTO] * 4 + [SCENE]
    monkeypatch.delattr(PersonDetector, "candidates")
    again = gather(None, archives, archives, "val", 3, tmp_path)
    for of in ("crops", "kinds", "sources"):
        np.testing.assert_array_equal(getattr(first, of), getattr(again, of))


def test_a_picture_is_the_same_whichever_came_before(archives):
    photos, scenes = load_photos(PictureArchive(archives), "val"), PictureArchive(archives)
    pictures = Pictures(photos, scenes, "val", 3)
    last_first = [pictures[n] for n in reversed(range(len(pictures)))][::-1]
    anew = Pictures(photos, scenes, "val", 3)
    for number, (image, truths, *what) in enumerate(last_first):
        image_again, truths_again, *what_again = anew[number]
        np.testing.assert_array_equal(image, image_again)
        np.testing.assert_array_equal(truths, truths_again)
        assert what == what_again
    assert not np.array_equal(last_first[0][0][:8, :8], last_first[2][0][:8, :8])


def test_in_order_whoever_works():
    # the first items take longest
    def work(item):
        time.sleep(0.02 * (6 - item))
        return item * item

    threads = cv2.getNumThreads()
    cv2.setNumThreads(2)
    for workers in (0, 2):
        assert list(in_order(work, range(6), workers)) == [0, 1, 4, 9, 16, 25]
        assert cv2.getNumThreads() == 2
    cv2.setNumThreads(threads)


@pytest.mark.parametrize("put", ["SET_BEFORE", "PUT_BESIDE", "LEAKS"])
@pytest.mark.parametrize("often", [0.0, 1.0])
def test_closeups_are_pasted_as_often_as_said(monkeypatch, put, often):
    def marked(closeup, *_):
        made = closeup.copy()
        made[0, 0, 5] = 77
        return made

    for name, paste in (
        ("SET_BEFORE", "set_before"),
        ("PUT_BESIDE", "put_beside"),
        ("LEAKS", "leaked"),
    ):
        monkeypatch.setattr(person_segmenter, name, often * (name == put))
        monkeypatch.setattr(person_segmenter, paste, marked)
    shown = []
    monkeypatch.setattr(person_segmenter, "varied", lambda c, *_: (shown.append(c), None))
    data = drawn_closeups(8)
    samples = VariedCloseups(data, 400, (64, 32), 0)
    kinds = np.array([samples[n][-1] for n in range(400)])
    pasted = np.array([closeup[0, 0, 5] == 77 for closeup in shown])
    theirs = kinds == SOMEBODY if put == "SET_BEFORE" else np.ones(400, bool)
    np.testing.assert_array_equal(pasted, theirs & bool(often))
    # of photos, of composites, and nobody; who is unclear teaches nothing
    photos = np.array([any(np.array_equal(c, p) for p in data.crops[3::4]) for c in shown])
    if not often:
        shares = (kinds == SOMEBODY) & photos, (kinds == SOMEBODY) & ~photos, kinds == NOBODY
        np.testing.assert_allclose([s.mean() for s in shares], (0.25, 0.35, 0.4), atol=0.08)


@pytest.mark.parametrize("drawn", [0.0, 1.0])
def test_things_put_beside_are_drawn_or_candidates_of_photos(monkeypatch, drawn):
    monkeypatch.setattr(person_segmenter, "PUT_BESIDE", 1.0)
    monkeypatch.setattr(person_segmenter, "DRAWN", drawn)
    monkeypatch.setattr(person_segmenter, "drawn_thing", lambda _: "drawn")
    things = []
    monkeypatch.setattr(
        person_segmenter, "put_beside", lambda c, thing, _: things.append(thing) or c
    )
    data = drawn_closeups(8)
    samples = VariedCloseups(data, 30, (64, 32), 0)
    for number in range(30):
        samples[number]
    if drawn:
        assert things == ["drawn"] * 30
        return
    nobody = [crop[60:180, 40:110, :4] for crop in data.crops[2::4]]
    hits = [[np.array_equal(thing, crop) for crop in nobody] for thing in things]
    assert all(map(any, hits)) and np.any(hits, axis=0).all()


def test_masks_count_where_somebody_is_and_scores_where_it_is_clear(detector):
    data = drawn_closeups(4)
    task = SegmenterTask(data, data, detector, 8, 0, PersonUNet(**SMALL))
    crops, true = torch.rand(3, 5, 64, 32), torch.rand(3, 1, 64, 32).round()

    def network(answer, sure):
        return lambda _: (torch.full((3, 1, 64, 32), answer), torch.full((3,), sure))

    unclear = torch.tensor([UNCLEAR] * 3)
    assert task.losses(network(9.0, 9.0), (crops, true, unclear))["total"] < 1e-4
    nobody = torch.tensor([NOBODY] * 3)
    wrong, right = (task.losses(network(9.0, s), (crops, true, nobody)) for s in (5.0, -5.0))
    assert wrong["score"] > 4 > 0.1 > right["score"]
    assert wrong["cross_entropy"] < 1e-4
    somebody = torch.tensor([SOMEBODY] * 3)
    assert task.losses(network(9.0, 9.0), (crops, true, somebody))["cross_entropy"] > 1


def test_the_network_learns_and_becomes_the_detectors_second_stage(
    archives, detector, tmp_path, monkeypatch
):
    monkeypatch.setattr(person_segmenter, "PersonUNet", lambda: PersonUNet(**SMALL))
    gathered = []
    monkeypatch.setattr(
        person_segmenter, "gather", lambda *a: gathered.append(a[3:]) or drawn_closeups(16)
    )
    monkeypatch.setattr(
        "training.detector_export.HeldOut", lambda p, s: HeldOut(p, s, composites=2)
    )
    run = tmp_path / "run"
    common = ["--people", str(archives), "--scenes", str(archives), "--out", str(run)]
    common += ["--detector", str(detector), "--samples", "48", "--epochs", "6", "--batch", "8"]
    common += ["--composites", "120", "--workers", "1"]
    assert main([*common, "--learning-rate", "0.01", "--cpu"]) == 0
    assert gathered == [("train", 120, run, 1), ("val", 2, run, 1)]
    losses = [e["validation"] for e in json.loads((run / "metrics.json").read_text())["history"]]
    assert losses[-1]["total"] < 0.7 * losses[0]["total"]
    config = json.loads((run / "hub/config.json").read_text())
    assert config["closer"]["widths"] == [4, 4, 8, 8, 8] and config["training"] == {"minutes": 3}
    assert 0 < PersonDetector.load(run / "hub").threshold < 1
    card = (run / "hub/README.md").read_text()
    assert "second stage, samples: 48" in card and "first stage, minutes: 3" in card
    assert "| photos of one person |" in card
    assert main(common) == 2  # it would overwrite the first run


def test_a_second_stage_takes_the_place_of_the_first_one(detector, tmp_path):
    one, other = (PersonUNet(**SMALL) for _ in range(2))
    with_second_stage(detector, one, {"samples": 1}, tmp_path / "two")
    with_second_stage(tmp_path / "two", other, {"samples": 2}, tmp_path / "two")
    from safetensors.torch import load_file

    weights = load_file(tmp_path / "two/model.safetensors")
    torch.testing.assert_close(
        weights[f"{CLOSER}score.weight"], other.half().state_dict()["score.weight"]
    )
    config = json.loads((tmp_path / "two/config.json").read_text())
    assert config["closer_training"] == {"samples": 2}
    assert PersonDetector.load(tmp_path / "two").threshold == 0.3
