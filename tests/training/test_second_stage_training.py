"""The second stage's candidates: gathered, labelled, varied, learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from banks import drawn_banks
from safetensors.torch import load_file, save_file
from timed_runs import assert_resumes, ticking

from bgswap.detection.checkpoints import SECOND, second_stage
from bgswap.mask_ops import union
from bgswap.networks import PersonUNet
from bgswap.types import Person, box_of
from training.common.loop import train_for
from training.common.tasks import TimedSettings
from training.detector import candidates as kinds
from training.detector.candidate_crops import CropSource, still, varied
from training.detector.candidates import CandidateConfig, Candidates, LabelledPicture, crops_of
from training.detector.gather_candidates import GatherConfig, Photos, gather, halves, pictures
from training.detector.train_second_stage import (
    SecondStageTask,
    TrainConfig,
    export,
    settings_for,
)
from training.synthesis.composer import Composer

SIZE = (64, 96)


def mask(x0: int, y0: int, x1: int, y1: int, value: float = 1.0) -> np.ndarray:
    layer = np.zeros(SIZE, np.float32)
    layer[y0:y1, x0:x1] = value
    return layer


def person(*box: int, confidence: float = 0.8) -> Person:
    return Person(0, tuple(map(float, box)), confidence, mask(*box))


def picture(**changes) -> LabelledPicture:
    """One person on the left of a grey picture; the right third is unknown."""
    true = np.uint8(mask(10, 10, 30, 60) * 255)
    known = np.ones(SIZE, bool)
    known[:, 64:] = False
    parts = {"image": np.full((*SIZE, 3), 90, np.uint8), "people": [true], "everyone": true}
    return LabelledPicture(**(parts | {"known": known} | changes))


def kind_of(found: Person, shown: LabelledPicture) -> int:
    ((_, entry),) = crops_of(shown, [found])
    return entry[0]


def test_a_candidate_on_a_person_shows_them_and_one_beside_shows_nobody():
    assert kind_of(person(10, 10, 30, 40), picture()) == kinds.SOMEBODY
    assert kind_of(person(40, 10, 60, 40), picture()) == kinds.NOBODY


def test_a_candidate_where_the_truth_is_unknown_is_unclear():
    assert kind_of(person(66, 10, 90, 40), picture()) == kinds.UNCLEAR


def test_a_candidate_that_is_partly_on_a_person_is_unclear():
    assert kind_of(person(24, 10, 44, 60), picture()) == kinds.UNCLEAR


def test_the_smaller_part_of_a_person_is_a_false_positive():
    whole = person(10, 10, 50, 60)
    large, small = person(10, 10, 50, 44), person(10, 44, 50, 60)
    shown = picture(people=[np.uint8(whole.mask * 255)])

    def kinds_of(*found):
        return [entry[0] for _, entry in crops_of(shown, found)]

    assert kinds_of(large, small) == [kinds.SOMEBODY, kinds.NOBODY]
    assert kinds_of(small) == [kinds.SOMEBODY]
    # A candidate that merges three people shows none of them better than a part does.
    three = [person(x, 10, x + 20, 60) for x in (4, 34, 64)]
    shown = picture(people=[np.uint8(one.mask * 255) for one in three])
    merged, part = replace(three[0], mask=union(three, SIZE)), person(4, 10, 24, 25)
    assert kinds_of(merged, part)[1] == kinds.SOMEBODY
    shown = picture(people=[np.uint8(whole.mask * 255)])
    # NMS removes one of two that are alike.
    assert kinds_of(whole, large) == [kinds.SOMEBODY, kinds.SOMEBODY]


def test_of_a_group_only_what_nobody_else_claims_counts():
    shown = picture(people=[], everyone=np.uint8(mask(10, 10, 50, 60) * 255))
    left, right = person(10, 10, 32, 60), person(28, 10, 50, 60)
    (crop, entry), _ = crops_of(shown, [left, right])
    assert entry[0] == kinds.SOMEBODY
    true, weight, others = (crop[:, :, n] > 127 for n in (kinds.TRUE, kinds.WEIGHT, kinds.OTHERS))
    assert true.any()
    assert not (true & others).any()
    assert not (weight & others & (crop[:, :, kinds.ROUGH] > 127)).any()


def test_a_box_says_what_is_not_the_person_but_not_what_is():
    shown = picture(people=[], everyone=np.zeros(SIZE, np.uint8), boxes=[(10, 10, 30, 60)])
    (crop, entry), (_, other) = crops_of(shown, [person(10, 10, 30, 56), person(40, 10, 60, 40)])
    assert (entry[0], other[0]) == (kinds.SOMEBODY, kinds.NOBODY)
    rough, weight = crop[:, :, kinds.ROUGH] > 127, crop[:, :, kinds.WEIGHT] > 127
    assert weight.any()
    assert not (rough & weight).any()


class RedDetector:
    """Finds what is red in a picture, as a detector's candidates."""

    def detect(self, photo: np.ndarray) -> list[Person]:
        red = np.float32((photo[:, :, 0] > 200) & (photo[:, :, 1] < 120))
        box = box_of(red)
        return [Person(1, box, 0.7, red)] if box else []


@pytest.fixture(scope="module")
def gathered(tmp_path_factory) -> Path:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("candidates")
    photos, scenes = drawn_banks()
    for row in range(4):
        photos.images[row, 1:, 8:60, 14:34] = 40
    banks = {"train": (photos, scenes), "check": (photos, scenes)}
    gather(RedDetector(), banks, folder, 0.0, GatherConfig(side=64, composites=6, photos=8))
    return folder


def test_both_parts_are_gathered_and_read_again(gathered):
    for part in ("train", "check"):
        found = Candidates(gathered, part)
        assert len(found) > 4
        assert found.crop(len(found) - 1).shape == (*CandidateConfig().stored, kinds.LAYERS)
        assert json.loads(found.about())["somebody"] > 0


def test_a_resumed_collection_keeps_the_shards_that_are_there(gathered):
    before = {f.name: f.stat().st_mtime_ns for f in gathered.iterdir()}
    banks = dict.fromkeys(("train", "check"), drawn_banks())
    gather(RedDetector(), banks, gathered, 0.0, GatherConfig(side=64))
    assert {f.name: f.stat().st_mtime_ns for f in gathered.iterdir()} == before


def test_the_same_number_gives_the_same_pictures():
    config = GatherConfig(side=64, composites=1, photos=1)
    composer = Composer(*drawn_banks())
    one, another, other = (list(pictures(composer, seed, config)) for seed in (5, 6, 5))
    assert all((a.image == b.image).all() for a, b in zip(one, other, strict=True))
    assert not (one[0].image == another[0].image).all()


def test_halves_share_no_photo():
    photos, scenes = drawn_banks()
    parts = halves(photos, scenes, 3)
    assert len(parts["train"][0]) + len(parts["check"][0]) == len(photos)
    sums = {p: {int(i.long().sum()) for i in b[0].images} for p, b in parts.items()}
    assert not sums["train"] & sums["check"]


def test_mirrored_photos_keep_their_labels():
    bank = drawn_banks()[0]
    bank.images[:, 0][bank.alphas > 127] = 250
    photos, rng = Photos(bank, GatherConfig()), np.random.default_rng(0)
    for _ in range(12):
        shown = photos.draw(rng)
        for true in shown.people:
            assert (shown.image[:, :, 0][true > 200] == 250).mean() > 0.9


def test_a_still_crop_is_the_middle_of_what_is_stored(gathered):
    found = Candidates(gathered, "train")
    crop = found.crop(0)
    shown = varied(crop, (192, 128))
    assert shown.shape == (192, 128, kinds.LAYERS)
    middle = crop[120, 80].astype(int)
    assert abs(shown[95:97, 63:65].mean((0, 1)) - middle).max() < 40


def test_varied_crops_are_of_range_and_the_same_for_one_seed(gathered):
    found = Candidates(gathered, "train")
    one, other = (CropSource(found, (64, 32)).draw(6, 4) for _ in range(2))
    assert torch.equal(one.inputs, other.inputs)
    assert one.inputs.shape == (6, 5, 64, 32)
    assert one.inputs[:, :3].abs().max() <= 1
    assert 0 <= one.inputs[:, 3:].min() <= one.inputs[:, 3:].max() <= 1


def small_network() -> PersonUNet:
    torch.manual_seed(0)
    return PersonUNet(64, 32, widths=(4, 4, 8, 8, 8), depths=(1, 1, 1, 1, 1))


CONFIG = TrainConfig(batch=4, rate=5e-3, warm_up=1, check_every=2)


@pytest.mark.parametrize("step", [1, 4])
def test_interrupted_and_resumed_is_the_same(step, gathered, tmp_path):
    def make(folder: Path) -> SecondStageTask:
        return SecondStageTask(small_network(), CONFIG, gathered, folder)

    def settings(folder: Path, resume: bool = False) -> TimedSettings:
        return settings_for(folder, CONFIG, 5, seed=1, resume=resume)

    assert_resumes(make, settings, step, tmp_path)
    best = [load_file(tmp_path / run / "second_stage.safetensors") for run in ("whole", "parts")]
    assert all(torch.equal(best[0][name], best[1][name]) for name in best[0])


def test_training_learns(gathered, tmp_path):
    task = SecondStageTask(small_network(), CONFIG, gathered, tmp_path)
    task.average = task.network
    batch = still(Candidates(gathered, "train"), range(4), (64, 32))
    (optimizer,), losses = task.optimizers(), []
    torch.manual_seed(0)
    for _ in range(30):
        losses.append(task.losses(task.network.train(), batch)["total"])
        losses[-1].backward()
        optimizer.step()
        optimizer.zero_grad()
    losses = torch.stack(losses).detach()
    assert losses[-5:].mean() < 0.8 * losses[:3].mean()


def test_the_best_average_is_written_and_becomes_a_detector(gathered, tmp_path):
    network = small_network()
    shape = dict(network.shape)
    before = tmp_path / "before"
    before.mkdir()
    state = {f"{SECOND}{k}": v for k, v in network.state_dict().items() if "tracked" not in k}
    save_file(state | {"first.weight": torch.ones(3)}, before / "model.safetensors")
    (before / "config.json").write_text(json.dumps({"second_stage": shape, "imgsz": 64}))
    task = SecondStageTask(network, CONFIG, gathered, tmp_path)
    train_for(task, settings_for(tmp_path, CONFIG, 3), ticking())
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["best"]["loss"] == min(row["loss"] for row in progress["history"])
    after = tmp_path / "after"
    export(tmp_path / "second_stage.safetensors", before, after, {"seconds": 1})
    weights, config = load_file(after / "model.safetensors"), after / "config.json"
    assert torch.equal(weights["first.weight"], torch.ones(3))
    second_stage(json.loads(config.read_text()), weights)
    assert json.loads(config.read_text())["second_stage_training"] == {"seconds": 1}
