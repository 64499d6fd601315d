"""Collect candidates of the shipped detector's first stage, to train its second stage.

    python -m training.detector.gather_candidates --packs packs/people-a packs/people-b \\
        --out candidates --seconds 2100

The packs are what ``python -m training.synthesis.pack`` wrote. Candidates come from composed
pictures, where every person's mask is known, and from the packs' photos. Each shard is written
atomically; run again, the command resumes with the next one. One photo and scene in twelve is held
out as the part ``check``, for early stopping of the second stage's training.
"""

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from bgswap.detection.checkpoints import read_own
from bgswap.detection.yolo import YoloDetector, restored_threads
from training.common.loop import command_parser, run_command
from training.detector.candidates import Candidates, LabelledPicture, Shard, crops_of
from training.detector.photos import VARIED_SIDE
from training.synthesis.bank import BOXES, GROUP, POLYGON, SINGLE, PhotoBank, SceneBank, load_banks
from training.synthesis.composer import Composer
from training.synthesis.geometry import apart, filled

log = logging.getLogger(__name__)
SHIPPED = Path("bgswap/starter/person-detector")


@dataclass(frozen=True)
class GatherConfig:
    """The sampling of pictures and candidates."""

    # Minimum confidence of a candidate; below the detector's own, for more false positives.
    threshold: float = 0.1
    # Side of composed pictures in pixels: the detector's input size.
    side: int = 512
    # Composed pictures and photos in a shard.
    composites: int = 14
    photos: int = 36
    # One of so many photos and scenes, and one of so many shards, is for the part ``check``.
    check: int = 12
    # Probabilities of standing people, portraits, groups, and photos with a polygon or boxes.
    odds: tuple[float, ...] = (0.35, 0.08, 0.32, 0.25)
    # Number of boxes from which a photo may show people without a box.
    crowd: int = 10


def first_stage(folder: Path, threshold: float) -> YoloDetector:
    """The detector of a folder without its second stage.

    Raises:
        ModelUnavailable: the folder holds no detector.
    """
    with restored_threads():
        network, running, _ = read_own(folder)
    mirror = running.get("mirror", False)
    return YoloDetector(network, running["imgsz"], threshold, running["iou"], mirror=mirror)


def halves(
    photos: PhotoBank, scenes: SceneBank, check: int
) -> dict[str, tuple[PhotoBank, SceneBank]]:
    """The banks of the parts ``train`` and ``check``, with one of ``check`` items in the latter."""
    parts = {}
    for part in ("train", "check"):
        rows, grounds = (
            torch.nonzero((torch.arange(len(bank)) % check == 0) == (part == "check"))[:, 0]
            for bank in (photos, scenes)
        )
        chosen = {f.name: getattr(photos, f.name)[rows] for f in fields(photos)}
        parts[part] = PhotoBank(**chosen), SceneBank(scenes.images[grounds])
    return parts


def composed(composer: Composer, side: int) -> LabelledPicture:
    """One composed picture with its labels."""
    made = composer.draw(1, side)
    image, people, everyone = (
        np.uint8(layer.float().numpy() * 255 + 0.5)
        for layer in (made.image[0].permute(1, 2, 0), made.people[0], made.everyone[0, 0])
    )
    there = made.present[0].tolist()
    known = (made.known[0, 0] > 0.5).numpy()
    truths = [mask for mask, seen in zip(people, there, strict=True) if seen]
    return LabelledPicture(image, truths, everyone, known)


class Photos:
    """Draws random photos from a bank.

    Args:
        bank: of one part.
        config: with the probabilities of the kinds.
    """

    def __init__(self, bank: PhotoBank, config: GatherConfig) -> None:
        self.bank, self.config = bank, config
        kinds, portrait = bank.kinds, bank.portrait
        single = kinds == SINGLE
        groups = (
            single & ~portrait,
            single & portrait,
            kinds == GROUP,
            (kinds == POLYGON) | (kinds == BOXES),
        )
        self.groups = [torch.nonzero(group)[:, 0].tolist() for group in groups]
        odds = np.array(config.odds) * [bool(group) for group in self.groups]
        self.odds = odds / odds.sum()

    def draw(self, rng: np.random.Generator) -> LabelledPicture:
        """One random photo with its labels, randomly mirrored."""
        group = self.groups[rng.choice(len(self.groups), p=self.odds)]
        picture = self.labelled(group[rng.integers(len(group))])
        return _mirrored(picture) if rng.random() < 0.5 else picture

    def labelled(self, row: int) -> LabelledPicture:
        """The photo of a row with its labels."""
        bank, (height, width) = self.bank, self.bank.sizes[row].tolist()
        image = bank.images[row, :, :height, :width].permute(1, 2, 0).contiguous().numpy()
        alpha = bank.alphas[row, :height, :width].contiguous().numpy()
        kind, count = int(bank.kinds[row]), int(bank.counts[row])
        boxes = [tuple(box) for box in bank.boxes[row, :count].tolist()]
        known = np.full((height, width), count < self.config.crowd)
        if kind == BOXES:
            return LabelledPicture(image, [], alpha, known, boxes, 2)
        if kind == GROUP:
            return LabelledPicture(image, self._apart(row, alpha), alpha, known, source=1)
        varied = bool(bank.portrait[row]) or max(height, width) <= VARIED_SIDE or kind == POLYGON
        if not varied:  # bystanders in street photos have no mask
            known = alpha > 0
        return LabelledPicture(image, [alpha], alpha, known, source=1)

    def _apart(self, row: int, alpha: np.ndarray) -> list[np.ndarray]:
        """The masks of people in a group whose box overlaps no other one."""
        boxes, count = self.bank.boxes[row : row + 1], int(self.bank.counts[row])
        listed = (torch.arange(boxes.shape[1]) < count)[None]
        free = torch.nonzero(apart(boxes, listed)[0])[:, 0]
        inside = filled(boxes[:, free], self.bank.side, 0.04)[0].numpy()
        height, width = alpha.shape
        return [np.uint8(alpha * mask[:height, :width]) for mask in inside]


def _mirrored(picture: LabelledPicture) -> LabelledPicture:
    width = picture.image.shape[1]
    layers = [picture.image, picture.everyone, picture.known, *picture.people]
    image, everyone, known, *people = (np.ascontiguousarray(layer[:, ::-1]) for layer in layers)
    boxes = [(width - x1, y0, width - x0, y1) for x0, y0, x1, y1 in picture.boxes]
    return replace(picture, image=image, everyone=everyone, known=known, people=people, boxes=boxes)


def pictures(composer: Composer, number: int, config: GatherConfig) -> Iterator[LabelledPicture]:
    """The pictures of one shard, composed and from the composer's bank; the number is the seed."""
    composer.generator.manual_seed(number)
    photos = Photos(composer.photos, config)
    for _ in range(config.composites):
        yield composed(composer, config.side)
    rng = np.random.default_rng([7, number])
    for _ in range(config.photos):
        yield photos.draw(rng)


def gather(
    detector: YoloDetector,
    banks: dict[str, tuple[PhotoBank, SceneBank]],
    folder: Path,
    seconds: float,
    config: GatherConfig,
) -> None:
    """Write shards until ``seconds`` have passed, at least one of each part."""
    folder.mkdir(parents=True, exist_ok=True)
    begun, number, total = time.monotonic(), 0, 0
    composers = {part: Composer(*bank) for part, bank in banks.items()}
    while time.monotonic() - begun < seconds or number < 2:
        part = "check" if number % config.check == 1 else "train"
        shard = Shard(folder, part, number)
        if not shard.done:
            for place, picture in enumerate(pictures(composers[part], number, config)):
                # bfloat16 takes half the time; its masks have an IoU of 0.99 with full precision
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    found = detector.detect(picture.image)
                for crop, entry in crops_of(picture, found):
                    shard.add(crop, (*entry, number * 1000 + place))
            total += shard.write()
            passed = time.monotonic() - begun
            log.info("shard %d (%s): %d candidates, %.0f s", number, part, total, passed)
        number += 1


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = command_parser("detector gather_candidates", __doc__)
    add, config = parser.add_argument, GatherConfig()
    add("--packs", type=Path, nargs="+", required=True, help="folders of training.synthesis.pack")
    add("--detector", type=Path, default=SHIPPED, help="folder of the detector")
    add("--out", type=Path, required=True, help="folder for the candidates")
    add("--seconds", type=float, default=2100, help="maximum time; the current shard is completed")
    add("--limit", type=int, help="maximum number of photos of each kind and source: 0.8 MB each")
    options: argparse.Namespace = parser.parse_args(arguments)

    def work() -> None:
        detector = first_stage(options.detector, config.threshold)
        banks = halves(*load_banks(options.packs, "cpu", options.limit, workers=1), config.check)
        gather(detector, banks, options.out, options.seconds, config)
        for part in banks:
            log.info("%s: %s", part, Candidates(options.out, part).about())

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
