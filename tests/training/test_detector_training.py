"""The detector's training on the device: targets, real photos, loss, loop, chunks."""

import json
from pathlib import Path

import pytest
import torch
from timed_runs import assert_resumes, ticking

from bgswap.detection.checkpoints import read_own
from bgswap.detection.yolo import YoloDetector
from training.common.loop import train_for
from training.common.tasks import TimedSettings
from training.detector import targets as target
from training.detector.detector_task import DetectorConfig, DetectorTask
from training.detector.export_detector import build_model, export, load_chunks, mixed, save_chunks
from training.detector.loss import DetectorLoss
from training.detector.photos import RealPhotos
from training.detector.targets import Targets, from_composite, padded
from training.synthesis.bank import BOXES, GROUP, POLYGON, SINGLE, PhotoBank
from training.synthesis.composer import Composite

SIDE = 64


def bank(kinds=(GROUP, BOXES, POLYGON, SINGLE), size=(48, 32)):
    """Photos with a white person on the left, in groups and without masks one on the right."""
    count = len(kinds)
    images = torch.full((count, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    images[:, :, : size[0], : size[1]] = 0
    alphas = torch.zeros(count, SIDE, SIDE, dtype=torch.uint8)
    boxes = torch.zeros(count, 24, 4)
    for row, kind in enumerate(kinds):
        images[row, :, 8:40, 4:12] = 255
        if kind != BOXES:
            alphas[row, 8:40, 4:12] = 255
        if kind == GROUP:
            alphas[row, 8:40, 20:28] = 255
        boxes[row, 0] = torch.tensor([4.0, 8, 12, 40])
        if kind in (GROUP, BOXES):
            boxes[row, 1] = torch.tensor([20.0, 8, 28, 40])
    kinds = torch.tensor(kinds)
    counts = torch.where((kinds == GROUP) | (kinds == BOXES), 2, 1)
    sizes = torch.tensor([size] * count)
    return PhotoBank(images, alphas, sizes, kinds, boxes, counts, torch.zeros(count).bool())


def composite(**changes):
    """One picture of 64 pixels: a person with an entry, one without, a place nobody knows."""
    people = torch.zeros(1, 3, SIDE, SIDE)
    people[0, 0, 10:30, 5:20] = 1
    people[0, 1, 10:30, 40:42] = 1
    everyone = people.sum(1, keepdim=True)
    everyone[0, 0, 40:60, 40:60] = 1
    known = torch.ones(1, 1, SIDE, SIDE)
    known[..., :8] = 0
    present = torch.tensor([[True, True, False]])
    parts = {
        "image": torch.rand(1, 3, SIDE, SIDE),
        "people": people,
        "present": present,
        "complete": torch.tensor([True]),
        "everyone": everyone,
        "known": known,
        "exact": present,
        "inside": torch.ones(1, 1, SIDE, SIDE),
    }
    return Composite(**(parts | changes))


def test_targets_of_a_composite():
    found = from_composite(composite())
    assert found.boxes[0, 0].tolist() == [5, 10, 20, 30]
    # two pixels wide is too small
    assert found.present[0].nonzero()[:, 0].tolist() == [0]
    assert not found.boxes[0, 1:].any()
    assert found.masks.shape == (1, target.MASKS, SIDE // 4, SIDE // 4)
    assert found.weight[0, 0, 1, 0] == pytest.approx(target.UNKNOWN_WEIGHT)
    assert found.weight[0, 0, 6, 6] == 0
    assert found.weight[0, 0, 0, 3] == 1


def test_real_photos_keep_boxes_on_people():
    drawn = RealPhotos(bank(), seed=3).draw(20, 128)
    assert drawn.image.shape == (20, 3, 128, 128)
    assert drawn.boxes.shape == (20, target.MOST_PEOPLE, 4)
    assert drawn.present.any(1).float().mean() > 0.8
    size = (drawn.boxes[..., 2:] - drawn.boxes[..., :2]).amin(-1)
    assert (size[drawn.present] >= target.SMALLEST_BOX - 1e-3).all()
    assert drawn.boxes.min() >= 0
    assert drawn.boxes.max() <= 128
    inside = []
    for row, number in drawn.masked.nonzero().tolist():
        x0, y0, x1, y1 = (drawn.boxes[row, number] / 4).round().int().tolist()
        inside.append(drawn.masks[row, 0, y0:y1, x0:x1].mean().nan_to_num(0.0))
    assert torch.stack(inside).mean() > 0.85


def test_masks_are_known_where_nobody_touches():
    photos = bank()
    photos.boxes[0, 1, 0] = 10
    known = RealPhotos(photos).masked
    assert known[:, :2].tolist() == [[False] * 2, [False] * 2, [True, False], [True, False]]
    photos.boxes[0, 1, 0] = 20
    assert RealPhotos(photos).masked[0, :2].tolist() == [True, True]


def test_no_boxes_is_an_error():
    photos = bank()
    photos.counts.zero_()
    with pytest.raises(ValueError, match="no photo"):
        RealPhotos(photos)


def square_targets(images, boxes):
    """Targets with everything known, from lists of boxes whose masks fill their left halves."""
    batch, side = len(images), images.shape[-1]
    count = max(map(len, boxes))
    packed = torch.zeros(batch, count, 4)
    masks = torch.zeros(batch, count, side // 4, side // 4)
    for row, of_one in enumerate(boxes):
        for number, box in enumerate(of_one):
            packed[row, number] = torch.tensor(box, dtype=torch.float32)
            x0, y0, x1, y1 = (int(v / 4) for v in box)
            masks[row, number, y0:y1, x0 : (x0 + x1) // 2] = 1
    present = packed.sum(2) > 0
    return Targets(
        images,
        packed,
        present,
        masks,
        torch.arange(count).expand(batch, count),
        present,
        torch.ones(batch, 1, side // 8, side // 8),
    )


def test_loss_equals_ultralytics_where_all_is_known(monkeypatch):
    torch.manual_seed(0)
    model = build_model("yolov8n-seg").train()
    monkeypatch.setattr("training.detector.loss.MASK_SAMPLES", 1000)
    images = torch.rand(2, 3, 96, 96)
    found = square_targets(images, [[(10, 10, 42, 74), (46, 18, 86, 90)], [(18, 26, 66, 82)]])
    outputs = model(images)
    total, parts = DetectorLoss(model).forward_targets(outputs, found)
    index = found.present.nonzero()[:, 0]
    corners = found.boxes[found.present] / 96
    low, high = corners[:, :2], corners[:, 2:]
    overlap = sum((n + 1) * found.masks[:, n] for n in range(found.masks.shape[1]))
    batch = {
        "img": images,
        "batch_idx": index.float(),
        "cls": torch.zeros(len(index), 1),
        "bboxes": torch.cat([(low + high) / 2, high - low], 1),
        "masks": overlap,
    }
    theirs, items = model.loss(batch, outputs)
    wanted = [float(items[n]) for n in ("box_loss", "cls_loss", "dfl_loss", "seg_loss")]
    assert parts.tolist() == pytest.approx(wanted, rel=1e-4)
    assert float(total.detach()) == pytest.approx(float(theirs.detach().sum()), rel=1e-4)


def test_unknown_masks_and_places_cost_nothing():
    model = build_model("yolov8n-seg").train()
    images = torch.rand(1, 3, 96, 96)
    found = square_targets(images, [[(8, 8, 40, 72)]])
    found.masked.zero_()
    outputs = model(images)
    _, parts = DetectorLoss(model).forward_targets(outputs, found)
    assert parts[3] == 0
    nobody = square_targets(images, [[(0, 0, 0, 0)]])
    nobody.weight.zero_()
    total, parts = DetectorLoss(model).forward_targets(model(images), nobody)
    assert parts.tolist() == [0, 0, 0, 0]
    total.backward()


def draw(batch, side, seed):
    return RealPhotos(bank(), seed).draw(batch, side)


def detector_task(folder, source=draw, **changes):
    torch.manual_seed(0)
    config = DetectorConfig("yolov8n-seg", ((0.0, (64,), 2), (0.5, (96,), 2)), **changes)
    return DetectorTask(config, source, torch.device("cpu"), folder)


def settings(folder, **changes):
    words = {"seconds": 4, "warmup": 2, "ema": 0.9, "clip": 10.0, "interval": 2, "cpu": True}
    return TimedSettings(
        folder, state=folder / "state", **(words | {"finite_only": True} | changes)
    )


@pytest.mark.parametrize("step", [1, 3])
def test_interrupted_and_resumed_is_the_same(step, tmp_path):
    assert_resumes(detector_task, settings, step, tmp_path, Path("state"))


def test_larger_pictures_come_in_the_second_half_of_the_time(tmp_path):
    seen = []

    def watched(batch, side, seed):
        seen.append(side)
        return draw(batch, side, seed)

    train_for(detector_task(tmp_path, watched), settings(tmp_path), ticking())
    assert seen == [64, 64, 96, 96]


def test_averaged_weights_become_a_detector(tmp_path, monkeypatch):
    monkeypatch.setattr("training.detector.export_detector.LARGEST_CHUNK", 4 * 2**20)
    task = detector_task(tmp_path / "out")
    train_for(task, settings(tmp_path / "out"), ticking())
    assert len(list((tmp_path / "out").glob("detector-*.safetensors"))) > 1
    export(tmp_path / "out", tmp_path / "hub", "yolov8n-seg", imgsz=512)
    network, config, _ = read_own(tmp_path / "hub")
    assert config["imgsz"] == 512
    wanted = task.average.state_dict()["model.0.conv.weight"]
    assert torch.equal(network.state_dict()["model.0.conv.weight"], wanted.half().float())
    told = json.loads((tmp_path / "hub" / "config.json").read_text())["training"]
    assert (told["steps"], told["pictures"], told["skipped"]) == (4, 8, 0)


def test_a_broken_batch_changes_nothing(tmp_path):
    def broken(batch, side, seed):
        drawn = draw(batch, side, seed)
        drawn.weight.fill_(float("nan"))
        return drawn

    task = detector_task(tmp_path, broken)
    before = task.network.model[0].conv.weight.detach().clone()
    train_for(task, settings(tmp_path, seconds=1), ticking())
    assert torch.equal(task.network.model[0].conv.weight, before)
    assert json.loads((tmp_path / "detector.json").read_text())["skipped"] == 1


def test_a_batch_that_does_not_fit_into_memory_is_left_out(tmp_path):
    def too_large(batch, side, seed):
        if side == 64:
            raise torch.OutOfMemoryError
        return draw(batch, side, seed)

    train_for(detector_task(tmp_path, too_large), settings(tmp_path), ticking())
    told = json.loads((tmp_path / "detector.json").read_text())
    assert (told["steps"], told["pictures"], told["skipped"]) == (4, 4, 2)


def test_start_takes_a_finished_detector(tmp_path):
    weights = build_model("yolov8n-seg").state_dict()
    save_chunks(weights, {}, tmp_path / "chunks")
    export(tmp_path / "chunks", tmp_path / "hub", "yolov8n-seg")
    task = detector_task(tmp_path, start=tmp_path / "hub")
    name = "model.22.proto.cv1.conv.weight"
    assert torch.allclose(task.network.state_dict()[name], weights[name], atol=1e-3)
    other = DetectorConfig("yolov8s-seg", start=tmp_path / "hub")
    with pytest.raises(ValueError, match="do not fit"):
        DetectorTask(other, draw, torch.device("cpu"), tmp_path)
    with pytest.raises(FileNotFoundError):
        load_chunks(Path(tmp_path / "nowhere"))


def test_padding_cuts_and_fills():
    assert padded(torch.ones(1, 2), 3).tolist() == [[1, 1, 0]]
    assert padded(torch.ones(1, 4), 3).tolist() == [[1, 1, 1]]


def test_an_exported_detector_gets_a_second_stage(tmp_path):
    starter = Path("bgswap/starter/person-detector")
    export(starter, tmp_path / "hub", "yolov8s-seg", starter)
    config = json.loads((tmp_path / "hub" / "config.json").read_text())
    assert config["second_stage"]["height"] == 192
    assert YoloDetector.load(tmp_path / "hub").judges
    export(starter, tmp_path / "alone", "yolov8s-seg")
    assert not YoloDetector.load(tmp_path / "alone").judges


def test_the_mean_of_two_runs_is_exported():
    one, other = {"a": torch.full((2, 2), 1.0)}, {"a": torch.full((2, 2), 3.0)}
    made = mixed(one, other, 0.25)["a"]
    assert made.dtype == torch.float16 and torch.equal(made, torch.full((2, 2), 1.5).half())
