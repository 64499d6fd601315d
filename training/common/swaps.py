"""Evaluation of composed pictures: kept regions, and distance from real pictures."""

import argparse

import numpy as np

from training.common.evaluation import report
from training.common.fid import frechet_distance, load_features
from training.common.swap_scores import read_all, score_kept


def evaluate_swaps(args: argparse.Namespace) -> None:
    """Evaluate composed pictures: kept regions, and their distance from real pictures."""
    rows = score_kept(args.photos, args.results, args.cutouts)
    names = ("ssim", "mse", "kept")
    mean = {name: float(np.mean([row[name] for row in rows.values()])) for name in names}
    table = rows | {"mean": mean}
    extra = {}
    if args.real:
        features, name = load_features(args.features)
        fid = frechet_distance(read_all(args.real), read_all(args.results), features, name)
        extra["fid"] = {"results": fid.as_dict()}
    report(args, "swaps", table, {}, extra)
