"""Evaluation of the mask autoencoder."""

import argparse

import numpy as np

from bgswap.detection.mask_autoencoder import MaskRefiner
from bgswap.networks import MaskAutoencoder
from training.common.data import PictureArchive
from training.common.evaluation import load_network, report, write_figures
from training.mask_autoencoder.mask_scores import (
    CANVAS,
    damage_all,
    mask_sheet,
    median_filter,
    noise_autoencoder,
    person_crops,
    score_masks,
)
from training.mask_autoencoder.train import read_masks

MEDIAN = 9


def evaluate_masks(args: argparse.Namespace) -> None:
    """Damaged and refined masks, by the program's refiner, compared with baselines."""
    network = load_network(MaskAutoencoder, args.weights)
    kinds = read_masks(PictureArchive(args.people), "val").values()
    crops = person_crops([mask for masks in kinds for mask in masks])
    refiner = MaskRefiner(network)
    methods = {f"median filter {MEDIAN}": median_filter(MEDIAN)}
    if args.noise_steps:
        baseline = noise_autoencoder(network.side, args.noise_steps, args.seed)
        methods["trained on noise"] = MaskRefiner(baseline).refine
    methods["mask autoencoder"] = refiner.refine
    table = score_masks(methods, crops, args.seed, args.rounds)
    clean, damaged, boxes = damage_all(crops[:: max(1, len(crops) // 12)], args.seed, 1)
    refined = refiner.refine(damaged, boxes)
    rows = [mask_sheet(*each) for each in zip(clean, damaged, refined, strict=True)]
    sheet = np.vstack([np.hstack(rows[i : i + 2]) for i in range(0, len(rows) - 1, 2)])
    report(args, "mask-autoencoder", table, {"sheet": sheet}, {"masks": len(crops)})
    if not args.no_card:
        dataset = (
            f"{len(crops)} person masks of {args.people.name} (val), {CANVAS} pixels, "
            f"damaged {args.rounds} times"
        )
        refined, given = table["mask autoencoder"], table["damaged"]
        values = [
            ("iou", refined["iou"], "IoU after refining"),
            ("iou", refined["iou"] - given["iou"], "IoU gained"),
            ("iou", refined["boundary_iou"], "boundary IoU after refining"),
            ("iou", refined["boundary_iou"] - given["boundary_iou"], "boundary IoU gained"),
            ("iou", refined["clean_iou"], "IoU of whole masks after refining"),
        ]
        write_figures(args.weights, "image-segmentation", dataset, table, values)
