"""Evaluation of the person detector."""

import argparse
from collections.abc import Iterable

import cv2
import numpy as np

from bgswap.types import Person
from training.common.evaluation import report
from training.common.metrics import iou
from training.detector.card import put_table
from training.detector.person_scores import Finder, HeldOut, finder, measure
from training.synthesis.composites import Composite
from training.synthesis.cutouts import resized

# The sheet shows people with a mask IoU below POOR, in tiles of TILE pixels a side.
POOR, TILE, COLUMNS = 0.6, 240, 8


def evaluate_people(args: argparse.Namespace) -> None:
    """Recall, mask IoU and false positives on held-out pictures; a sheet of the worst."""
    held_out = HeldOut(args.people, args.scenes)
    find = cached(finder(args.weights, args.matting))
    table = measure(find, held_out)
    tiles = list(poor(find, [*held_out.single, *held_out.several]))
    sheets = {"poor": np.vstack(list(_rows(tiles)))} if tiles else {}
    report(args, "person-detector", table, sheets, {"poor": len(tiles)})
    if not args.no_card:
        put_table(args.weights, table)


def cached(find: Finder) -> Finder:
    """A detection function that caches its results: the metrics and the sheet share them."""
    seen: dict[int, tuple[np.ndarray, list[Person]]] = {}

    def find_once(image: np.ndarray) -> list[Person]:
        if id(image) not in seen:
            seen[id(image)] = image, find(image)  # holds the image, so that its id stays unique
        return seen[id(image)][1]

    return find_once


def poor(find: Finder, pictures: Iterable[Composite]) -> Iterable[np.ndarray]:
    """A tile for each person with a mask IoU below ``POOR``.

    (TILE, TILE, 3) uint8 RGB: the true outline in green, the best matching one in red, the IoU.
    """
    for picture in pictures:
        found = [p.mask > 0.5 for p in find(picture.image)]
        for number in range(1, int(picture.instances.max()) + 1):
            true = picture.instances == number
            best = max(found, key=lambda mask: iou(mask, true), default=np.zeros_like(true))
            if iou(best, true) < POOR:
                yield _tile(picture.image, true, best)


def _tile(image: np.ndarray, true: np.ndarray, best: np.ndarray) -> np.ndarray:
    drawn = image.copy()
    for mask, color in ((true, (0, 255, 0)), (best, (255, 0, 0))):
        outlines, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(drawn, outlines, -1, color, 1)
    scale = TILE / max(image.shape[:2])
    small = resized(drawn, round(image.shape[0] * scale), round(image.shape[1] * scale))
    tile = np.zeros((TILE, TILE, 3), np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    cv2.putText(tile, f"{iou(best, true):.2f}", (4, 16), 0, 0.5, (255, 255, 0), 1)
    return tile


def _rows(tiles: list[np.ndarray]) -> Iterable[np.ndarray]:
    blank = np.zeros_like(tiles[0])
    for start in range(0, len(tiles), COLUMNS):
        row = tiles[start : start + COLUMNS]
        yield np.hstack(row + [blank] * (COLUMNS - len(row)))
