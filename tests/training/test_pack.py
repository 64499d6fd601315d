"""The training pack: labels put together, what is held out, and the banks read from packs."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from training.synthesis import pack_labels as labels
from training.synthesis.bank import BOXES, GROUP, SINGLE, load_banks
from training.synthesis.pack import Part, wanted
from training.synthesis.pack_jobs import Job, encode
from training.synthesis.pack_sources import everyday, yolo_boxes


def figure(height=120, width=90):
    """A mask (H, W) uint8 of a standing figure."""
    mask = np.zeros((height, width), np.uint8)
    mask[10:110, 30:60] = 255
    return mask


def archive(path, **files):
    with zipfile.ZipFile(path, "w") as opened:
        for name, picture in files.items():
            stream = io.BytesIO()
            Image.fromarray(picture).save(stream, "PNG")
            opened.writestr(name, stream.getvalue())
    return path


def test_hand_mask_decides_inside_and_teacher_the_edge():
    hand, teacher = figure(), figure()
    teacher[:, 30] = 100
    teacher[50:60, 40:50] = 0
    teacher[115:, :20] = 255
    alpha = labels.fused(hand, teacher, checked=True)
    assert alpha[55, 45] == 255
    assert not alpha[116:, :10].any()
    assert alpha[20, 30] == 100


def test_teacher_that_disagrees_is_not_used():
    other = np.roll(figure(), 20, axis=1)
    alpha = labels.fused(figure(), other, checked=False)
    assert labels.agreement(alpha, figure()) > 0.95
    assert labels.fused(None, np.zeros((50, 50), np.uint8), checked=False) is None


def test_near_hashes_are_found_in_both_directions():
    grid = np.random.default_rng(0).integers(0, 255, (8, 9)).astype(np.int16)
    known = labels.read_hashes(labels.hash_words(grid)[:1])
    assert labels.near_hash(labels.hash_words(grid), known)
    assert labels.near_hash(labels.hash_words(255 - grid), known)
    other = np.random.default_rng(1).integers(0, 255, (8, 9)).astype(np.int16)
    assert not labels.near_hash(labels.hash_words(other), known)
    assert not labels.near_hash(labels.hash_words(grid), known[:0])
    assert labels.read_hashes(["0000000000000001"])[0].nonzero()[0].tolist() == [63]


def test_polygon_parts_do_not_cancel():
    square = [10, 10, 40, 10, 40, 40, 10, 40]
    mask = labels.polygon_mask([square, square], (50, 50))
    assert mask[25, 25] == 255
    assert np.abs(np.subtract(labels.mask_box(mask), (10, 10, 40, 40))).max() <= 1


def test_photos_of_two_are_groups(tmp_path):
    photo = np.random.default_rng(1).integers(0, 255, (120, 90, 3)).astype(np.uint8)
    two = np.maximum(figure(), np.roll(figure(), 32, axis=1))
    two[:, 60:63] = 0
    path = str(archive(tmp_path / "a.zip", photo=photo, one=figure(), two=two))
    one = encode(Job("one", "single", "x", (path, "photo"), (path, "one")))
    both = encode(Job("two", "single", "x", (path, "photo"), (path, "two")))
    assert one.entry["kind"] == "single"
    assert one.entry["boxes"] == [[30, 10, 60, 110]]
    assert both.entry["kind"] == "group"
    assert both.entry["boxes"] == []


def test_everyday_prefers_outlines_and_leaves_out_taken():
    jobs = [Job(f"{n}", "boxes", "coco", ("", None)) for n in range(400)]
    outlined = [Job("a", "polygon", "coco", ("", None), polygons=((0.0,),)), jobs[0]]
    chosen = everyday([*jobs[1:], *outlined], taken=["7"])
    assert len(chosen) == 300
    assert "a" in chosen
    assert "7" not in chosen
    assert chosen == everyday([*outlined, *jobs[1:]], taken=["7"])


def test_yolo_boxes_are_corners(tmp_path):
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.2 0.4\n0 0.0 0.5 0.2 0.4\n")
    assert yolo_boxes(tmp_path / "a.txt")[0] == pytest.approx((0.4, 0.3, 0.6, 0.7))
    assert yolo_boxes(tmp_path / "a.txt")[1][0] == 0


def test_banks_hold_what_was_packed(tmp_path):
    photo = np.zeros((120, 90, 3), np.uint8) + np.arange(120, dtype=np.uint8)[:, None, None]
    path = str(archive(tmp_path / "a.zip", photo=photo, one=figure()))
    jobs = [
        Job("one", "single", "x", (path, "photo"), (path, "one"), portrait=True),
        Job("few", "boxes", "tracker", (path, "photo"), boxes=((0, 0, 0.5, 0.5),)),
        Job("all", "group", "y", (path, "photo"), (path, "one")),
        Job("room", "scene", "s", (path, "photo"), side=256),
    ]
    part = Part(tmp_path / "pack")
    for stored in wanted(map(encode, jobs), np.zeros((0, 64), bool), 10):
        part.add(stored)
    part.close()
    photos, scenes = load_banks([tmp_path / "pack"], "cpu", workers=1)
    assert photos.kinds.tolist() == [SINGLE, BOXES, GROUP]
    assert photos.sizes.tolist() == [[120, 90]] * 3
    assert photos.counts.tolist() == [1, 1, 0]
    assert photos.portrait.tolist() == [True, False, False]
    assert photos.boxes[1, 0].tolist() == [0, 0, 45, 60]
    assert photos.alphas[0, 50, 45] == 255
    assert not photos.alphas[1].any()
    assert (photos.images[:, :, 120:] == 128).all()
    near = photos.images[0, :, :120, :90].float() - torch.from_numpy(photo).permute(2, 0, 1)
    assert near.abs().mean() < 4
    assert scenes.images.shape == (1, 3, 256, 256)


def test_held_out_pictures_and_near_copies_are_left_out(tmp_path):
    photo = np.random.default_rng(3).integers(0, 255, (120, 90, 3)).astype(np.uint8)
    path = str(archive(tmp_path / "a.zip", photo=photo, one=figure()))
    boxed = [Job(n, "boxes", "coco", (path, "photo"), boxes=((0, 0, 1, 1),)) for n in "ab"]
    stored = [encode(job) for job in boxed]
    assert [s.entry["name"] for s in wanted(stored, np.zeros((0, 64), bool), 9)] == ["a"]
    held = labels.read_hashes(stored[0].entry["hashes"][:1])
    assert not list(wanted(stored, held, 9))
    assert json.dumps(stored[0].entry)
