"""Metrics of the program's cut-outs of labelled photos, as rows and as a table."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.val_sets import SETS, ValPhoto, fit, right_people
from bgswap import BackgroundSwapper
from bgswap.errors import NoPersonDetected
from bgswap.types import Person
from training.common.cards import markdown_table

EVERYONE, KEPT, MASKS = "ours, everyone", "ours, right people kept", "ours, their masks"
# IoU below which a cut-out counts as useless; loss of IoU by which an alpha counts as worse than
# its mask.
USABLE, WORSE = 0.8, 0.005

# One method on one photo: set, photo, area (the labelled people's share of the photo), method, iou,
# boundary_iou, seconds, cpu_seconds; of ours also how many people were found, and who stay.
Row = dict[str, Any]


class Stopwatch:
    """Wall-clock seconds, and CPU seconds of all cores, which are more reliable on a busy machine.

    Attributes:
        seconds, cpu_seconds: how long it ran, all in all.
    """

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start[0]
        self.cpu_seconds += time.process_time() - self._start[1]

    @property
    def times(self) -> dict[str, float]:
        """Both, by name."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}


@dataclass(frozen=True, eq=False)
class Cutout:
    """The program's results on one photo; alphas and masks (H, W) float32 in [0, 1].

    Attributes:
        everyone: the alpha of all who were found.
        kept: the alpha of the labelled ones among them.
        masks: these people's masks as they were found, in one.
        found, stay: how many people there were, and how many of them stayed.
        find_times, times: for finding them, and for finding and cutting out who stayed.
    """

    everyone: np.ndarray
    kept: np.ndarray
    masks: np.ndarray
    found: int
    stay: int
    find_times: dict[str, float]
    times: dict[str, float]

    def rows(self, photo: ValPhoto, truth: np.ndarray) -> list[Row]:
        """The metrics of all people, of the right people, and of their masks."""
        counts = {"found": self.found, "stay": self.stay}
        parts = (
            (EVERYONE, self.everyone, self.times),
            (KEPT, self.kept, self.times),
            (MASKS, self.masks, self.find_times),
        )
        return [row(photo, name, alpha, truth, times) | counts for name, alpha, times in parts]


def row(
    photo: ValPhoto, method: str, alpha: np.ndarray, truth: np.ndarray, times: dict[str, float]
) -> Row:
    """The metrics of a method's alpha (H, W) against the ground truth (H, W)."""
    about = {"set": photo.set, "photo": photo.name, "area": float(truth.mean()), "method": method}
    return about | asdict(fit(alpha, truth)) | times


def found_people(swapper: BackgroundSwapper, photo: np.ndarray) -> list[Person]:
    """The people detected in a photo (H, W, 3) uint8 RGB; may be empty."""
    try:
        return swapper.find_people(photo)
    except NoPersonDetected:
        return []


def cut_out(swapper: BackgroundSwapper, photo: np.ndarray, truth: np.ndarray, one: bool) -> Cutout:
    """Detect people, select the right ones by the ground truth (H, W), and cut them out."""
    empty, watch = np.zeros(photo.shape[:2], np.float32), Stopwatch()
    with watch:
        people = found_people(swapper, photo)
    find_times = watch.times
    stay, go = right_people(people, truth, one)
    with watch:
        kept = swapper.matte(photo, stay, go) if stay else empty
    everyone = swapper.matte(photo, people) if go else kept
    masks = np.maximum.reduce([p.mask for p in stay]) if stay else empty
    return Cutout(everyone, kept, masks, len(people), len(stay), find_times, watch.times)


def summary(rows: Iterable[Row]) -> list[Row]:
    """Means of each method on each set."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in rows:
        groups.setdefault((one["set"], one["method"]), []).append(one)
    lines = []
    for name, method in sorted(groups, key=lambda key: SETS.index(key[0])):
        own = groups[name, method]
        line = {"set": name, "method": method, "photos": len(own)}
        for key in ("iou", "boundary_iou", "seconds", "cpu_seconds"):
            line[key] = float(np.mean([r[key] for r in own]))
        line["under_usable"] = float(np.mean([r["iou"] < USABLE for r in own]))
        if method == KEPT:
            pairs = zip(groups[name, MASKS], own, strict=True)
            worse = [mask["iou"] - alpha["iou"] > WORSE for mask, alpha in pairs]
            line["worse_than_masks"] = float(np.mean(worse))
        lines.append(line)
    return lines


def table(lines: Iterable[Row]) -> str:
    """The summary as markdown."""
    head = ["set: method", "photos", "IoU", "boundary IoU", f"under {USABLE}", "worse than masks"]
    rows = []
    for line in lines:
        worse = f"{line['worse_than_masks']:.1%}" if "worse_than_masks" in line else ""
        fits = [f"{line[key]:.4f}" for key in ("iou", "boundary_iou")]
        times = [f"{line[key]:.2f}" for key in ("seconds", "cpu_seconds")]
        words = [f"{line['set']}: {line['method']}", str(line["photos"])]
        rows.append([*words, *fits, f"{line['under_usable']:.1%}", worse, *times])
    return markdown_table([*head, "seconds", "CPU seconds"], rows)
