"""Evaluation of the scene model."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from bgswap.backgrounds.diffusion import bfloat16
from bgswap.io.tensors import images_to_tensor
from bgswap.presets import PRESETS
from training.common.data import PictureArchive
from training.common.evaluation import fid_in_words, report, write_figures
from training.common.fid import DetectorFeatures, Fid, frechet_distance
from training.common.plots import Table
from training.scene.captions import NOUNS
from training.scene.classifier import classify, features, train_classifier
from training.scene.data.pack_scenes import LEFT_OUT
from training.scene.data.pictures import load_scenes, resized
from training.scene.reconstruction import fine_share

# Pictures nearer to a training picture than this quantile of the held-out ones are suspicious.
CLOSE = 0.02


def evaluate_scenes(args: argparse.Namespace) -> None:
    """Accuracy of the classes, distance from real pictures, and similarity to training pictures."""
    archive = PictureArchive(args.scenes)
    classes = common_classes(archive, args.least)
    known, names = load_scenes(archive, "train", args.side, classes)
    held_out, others = load_scenes(archive, "val", args.side, classes)
    made, prompted, seconds = draw(args, classes)
    small = [resized(pictures, args.classifier_side) for pictures in (known, held_out, made)]
    labels = np.array([classes.index(name) for name in names])
    classifier = train_classifier(small[0], labels, args.epochs, args.seed)
    true = {"made": np.array(prompted), "held_out": np.array([classes.index(n) for n in others])}
    right = {
        "made": classify(classifier, small[2]) == true["made"],
        "held_out": classify(classifier, small[1]) == true["held_out"],
    }
    table = accuracies(right, true, classes)
    spaces = [features(classifier, pictures) for pictures in small]
    distances = fids(held_out, made, known.mean(0), known[nearest(*spaces[:2])[1]])
    extra = {
        "fid": {part: fid.as_dict() for part, fid in distances.items()},
        "seconds": seconds,
        "copies": copied(*spaces),
        "fine_detail": fine_share(images_to_tensor(made)) / fine_share(images_to_tensor(held_out)),
    }
    report(args, "scene", table, {"sheet": sheet(made, len(classes))}, extra)
    if not args.no_card:
        put_scene_figures(args, table, distances, extra)


def common_classes(archive: PictureArchive, least: int) -> list[str]:
    """The classes with ``least`` training pictures, without those that no model is trained on.

    Raises:
        ValueError: no class has so many.
    """
    counts = Counter(name.split("/")[-2] for name in archive.pictures("train"))
    classes = sorted(n for n, count in counts.items() if count >= least and n not in LEFT_OUT)
    if not classes:
        raise ValueError(f"no class has {least} training pictures: see --least")
    return classes


def accuracies(
    right: dict[str, np.ndarray], true: dict[str, np.ndarray], classes: Sequence[str]
) -> Table:
    """The share of right answers for each class and all together, of each part.

    Args:
        right: (N,) bool for each part.
        true: (N,) class numbers for each part.
        classes: their names.
    """
    table = {
        name: {part: _mean(hits[true[part] == number]) for part, hits in right.items()}
        for number, name in enumerate(classes)
    }
    table["all"] = {part: _mean(hits) for part, hits in right.items()}
    return table


def _mean(hits: np.ndarray) -> float:
    """The share of right answers; NaN where there is none."""
    return float(hits.mean()) if len(hits) else float("nan")


def draw(args: argparse.Namespace, classes: list[str]) -> tuple[np.ndarray, list[int], float]:
    """Scenes by the program's generator, ``args.each`` a class, without people.

    Returns:
        (N, side, side, 3) uint8 RGB, the class number of each, and seconds a picture.
    """
    generator = bfloat16.load_in_fast_format(PRESETS["starter"], args.weights, "cpu")
    size = (args.side, args.side)
    photo, alpha = np.full((*size, 3), 128, np.uint8), np.zeros(size, np.float32)
    made, prompted, started = [], [], time.perf_counter()
    for number, name in enumerate(classes):
        scenes = generator.generate(
            photo,
            alpha,
            f"a photo of {NOUNS.get(name, name.replace('_', ' ')).split(',')[0]}",
            negative_prompt="",
            seeds=[args.seed + n for n in range(args.each)],
            steps=None,
            guidance_scale=None,
        )
        made += [cv2.resize(s, size, interpolation=cv2.INTER_AREA) for s in scenes.images]
        prompted += [number] * len(scenes.images)
    return np.stack(made), prompted, (time.perf_counter() - started) / len(made)


def fids(
    held_out: np.ndarray, made: np.ndarray, mean: np.ndarray, near: np.ndarray
) -> dict[str, Fid]:
    """FID and KID to the held-out pictures: of the generated pictures and of two baselines.

    The baselines are the ``mean`` training picture and the nearest training pictures, ``near``. The
    features are the starter detector's: those of the scene classifier, which also scores the
    pictures, are too many for a few hundred pictures.
    """
    body = DetectorFeatures()
    same = np.broadcast_to(mean.astype(np.uint8), made.shape)
    sets = {"made": made, "mean picture": same, "nearest training pictures": near}
    return {name: frechet_distance(held_out, list(p), body, body.name) for name, p in sets.items()}


def nearest(known: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine distance of each picture to its nearest training picture, and the index of that one.

    Both are given by normalized features, (N, D).
    """
    alike = pictures @ known.T
    return 1 - alike.max(1), alike.argmax(1)


def copied(known: np.ndarray, held_out: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """Distances to the nearest training pictures: medians, and the share of suspicious ones.

    All are given by their features, as for :func:`nearest`.
    """
    ours, theirs = (nearest(known, p)[0] for p in (made, held_out))
    limit = np.quantile(theirs, CLOSE)
    return {
        "made": float(np.median(ours)),
        "held_out": float(np.median(theirs)),
        "suspicious": float((ours < limit).mean()),
    }


def sheet(made: np.ndarray, classes: int) -> np.ndarray:
    """All generated pictures, one row a class."""
    rows = made.reshape(classes, -1, *made.shape[1:])
    return np.vstack([np.hstack(list(row)) for row in rows])


def put_scene_figures(
    args: argparse.Namespace,
    table: Table,
    distances: dict[str, Fid],
    extra: dict[str, Any],
) -> None:
    """Write the scores into the card."""
    accuracy, copies = table["all"], extra["copies"]
    values = [
        ("accuracy", accuracy["made"], "a scene classifier's accuracy on made pictures"),
        ("accuracy", accuracy["held_out"], "its accuracy on held-out photographs"),
        ("fid", distances["made"].value, f"FID to held-out scenes, {distances['made'].features}"),
        ("kid", distances["made"].kid, f"KID to held-out scenes, {distances['made'].features}"),
    ]
    notes = [fid_in_words(part, fid) + "." for part, fid in distances.items()]
    notes.append(
        f"Distance to the nearest training picture, median: {copies['made']:.3f} of what was made, "
        f"{copies['held_out']:.3f} of held-out photographs; {copies['suspicious']:.0%} of what was "
        f"made is nearer than the nearest {CLOSE:.0%} of those. {extra['seconds']:.1f} s a picture."
    )
    notes.append(
        f"Fine detail (spectral energy above a quarter of the sampling rate): "
        f"{extra['fine_detail']:.2f} of the held-out photographs'."
    )
    dataset = f"{args.each} pictures of each class, {args.side} pixels"
    write_figures(args.weights, "text-to-image", dataset, table, values, notes)
