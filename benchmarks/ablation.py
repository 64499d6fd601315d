"""Ablation: the metrics of all sets with each step of the cut-out left out once.

    python -m benchmarks.ablation --people512 datasets/people512.zip --people datasets/people.zip \\
        --more datasets/people_more.zip --everyday datasets/everyday [--part figures] [--limit N] \\
        [--steps "mask NMS,refiner"] [--threads N] [--json FILE]

A step's worth is what the figures of the right people kept lose without it, on the same photos; its
seconds are what is saved. "helps" and "hurts" are the shares of photos whose IoU is more than 0.005
higher or lower with the step than without.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.cutout_scores import KEPT, WORSE, Row, cut_out
from benchmarks.cutouts import add_sets, chosen_photos, warm, write
from benchmarks.val_sets import SETS, ValPhoto
from bgswap import BackgroundSwapper, Settings
from bgswap.types import Person
from training.common.cards import markdown_table

FULL = "all steps"
FIGURES = ("iou", "boundary_iou", "seconds", "cpu_seconds")
# A context manager that disables one step of a swapper.
LeftOut = Callable[[BackgroundSwapper], AbstractContextManager[None]]


@contextmanager
def replaced(target: object, name: str, value: Any) -> Iterator[None]:
    """Temporarily replace an attribute of an object."""
    own = vars(target)
    before = own.get(name)
    known = name in own
    setattr(target, name, value)
    try:
        yield
    finally:
        if known:
            setattr(target, name, before)
        else:
            delattr(target, name)


def without_mask_autoencoder(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """The detector's masks are not refined."""
    return replaced(swapper.models.refiner().model, "refine", lambda masks, boxes: list(masks))


@contextmanager
def without_network(swapper: BackgroundSwapper) -> Iterator[None]:
    """The matting network neither replaces the detector's masks nor scores them."""
    from bgswap.detection.finder import PeopleFinder

    full = swapper.models.finder()
    config = dataclasses.replace(full.config, score_weight=0.0)
    rough = PeopleFinder(full.detector, None, config)
    with replaced(swapper.models, "finder", lambda: rough), without_matting(swapper):
        yield


def without_second_pass(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """The matting network sees each person once."""
    matter = swapper.models.matter().model
    return replaced(matter, "config", dataclasses.replace(matter.config, passes=1))


def without_refiner(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """The guided filter starts from the matting network's alpha."""
    matter = swapper.models.matter().model
    detail = dataclasses.replace(matter.config.detail, octaves=0)
    return replaced(matter, "config", dataclasses.replace(matter.config, detail=detail))


def without_guided_filter(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """Alphas are upsampled without guidance by the photo."""
    from bgswap.matting import detail

    def plain(photo: np.ndarray, small: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        return cv2.resize(alpha, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    return replaced(detail, "guided_upsampling", plain)


def without_mask_nms(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """No NMS on masks after the detector's own NMS on boxes."""
    from bgswap.detection import finder

    return replaced(finder, "mask_nms", list)


def without_matting(swapper: BackgroundSwapper) -> AbstractContextManager[None]:
    """The detected masks are the alphas; each pixel belongs to the person with the larger value."""

    def masks(
        photo: np.ndarray, people: Sequence[Person], others: Sequence[Person] = ()
    ) -> np.ndarray:
        own = np.maximum.reduce([p.mask for p in people])
        theirs = [p.mask for p in others]
        return np.where(np.maximum.reduce(theirs) > own, 0, own) if theirs else own

    return replaced(swapper, "matte", masks)


# By name, in the order of execution. A new step of the cut-out needs an entry.
STEPS: dict[str, LeftOut] = {
    "mask autoencoder": without_mask_autoencoder,
    "mask NMS": without_mask_nms,
    "matting network": without_network,
    "its second look": without_matting,
    "second matting pass": without_second_pass,
    "refiner": without_refiner,
    "guided filter": without_guided_filter,
}


def measure(
    swapper: BackgroundSwapper,
    photos: Sequence[ValPhoto],
    steps: dict[str, LeftOut],
    on_photo: Callable[[list[Row]], None] = lambda rows: None,
) -> list[Row]:
    """The metrics of the right people kept, on each photo, with all steps and without each step.

    Args:
        on_photo: is given all rows so far after each photo.
    """
    rows: list[Row] = []
    for entry in tqdm(photos, desc="photos", mininterval=10):
        photo, truth = entry.read()
        one = entry.set == "everyday"
        rows.append(_row(FULL, cut_out(swapper, photo, truth, one).rows(entry, truth)))
        for name, left_out in steps.items():
            with left_out(swapper):
                cutout = cut_out(swapper, photo, truth, one)
            rows.append(_row(name, cutout.rows(entry, truth)))
        on_photo(rows)
    return rows


def _row(variant: str, rows: Iterable[Row]) -> Row:
    kept = next(row for row in rows if row["method"] == KEPT)
    return {"variant": variant} | kept


def worth(rows: Sequence[Row]) -> list[Row]:
    """For each set the metrics with all steps, and the gain of each step."""
    figures = {(r["set"], r["photo"], r["variant"]): r for r in rows}
    variants = list(dict.fromkeys(r["variant"] for r in rows))
    lines = []
    for name in SETS:
        photos = list(dict.fromkeys(r["photo"] for r in rows if r["set"] == name))
        for variant in variants if photos else ():
            full = _values(figures[name, photo, FULL] for photo in photos)
            line: Row = {"set": name, "step": variant, "photos": len(photos)}
            if variant == FULL:
                means = full.mean(axis=0)
            else:
                gains = full - _values(figures[name, photo, variant] for photo in photos)
                means = gains.mean(axis=0)
                line |= {"helps": float((gains[:, 0] > WORSE).mean())}
                line |= {"hurts": float((gains[:, 0] < -WORSE).mean())}
            lines.append(line | dict(zip(FIGURES, means.tolist(), strict=True)))
    return lines


def _values(rows: Iterable[Row]) -> np.ndarray:
    """(N, 4): of each row the ``FIGURES``."""
    return np.array([[row[key] for key in FIGURES] for row in rows])


def table(lines: Iterable[Row]) -> str:
    """The gain of each step as markdown, and the metrics with all steps."""
    head = ["set: step", "photos", "IoU", "boundary IoU", "helps", "hurts", "seconds"]
    rows = []
    for line in lines:
        full = line["step"] == FULL
        fits = [f"{line[k]:.4f}" if full else f"{line[k]:+.4f}" for k in FIGURES[:2]]
        shares = [f"{line[k]:.0%}" if k in line else "" for k in ("helps", "hurts")]
        times = [f"{line[k]:.2f}" if full else f"{line[k]:+.2f}" for k in FIGURES[2:]]
        words = [f"{line['set']}: {line['step']}", str(line["photos"])]
        rows.append([*words, *fits, *shares, *times])
    return markdown_table([*head, "CPU seconds"], rows)


def chosen_steps(names: str | None) -> dict[str, LeftOut]:
    """The steps of those names, divided by commas; all where None.

    Raises:
        SystemExit: there is no such step.
    """
    wanted = [n.strip() for n in names.split(",")] if names is not None else list(STEPS)
    for name in wanted:
        if name not in STEPS:
            raise SystemExit(f"no step {name!r}; there are {', '.join(STEPS)}")
    return {name: STEPS[name] for name in wanted}


def main() -> None:
    """Run the command: print the table and write the requested files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_sets(parser)
    parser.add_argument("--steps", help="names divided by commas; all by default")
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    photos, steps = chosen_photos(options), chosen_steps(options.steps)
    warm(swapper, options.threads)

    def keep(rows: list[Row]) -> None:
        write({"part": options.part, "worth": worth(rows), "photos": rows}, options.json)

    print(table(worth(measure(swapper, photos, steps, keep))))


if __name__ == "__main__":
    main()
