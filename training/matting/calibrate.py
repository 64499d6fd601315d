"""Choose the confidence threshold of people, and write it beside the matting weights.

    python -m training matting calibrate --people datasets/people.zip --scenes datasets/scenes.zip

The threshold and the weight of the matting network's score are those with the best mean panoptic
quality (with an F2 score) on a third of the validation photos and on composites of them, which are
not used for any reported metric.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

from bgswap.detection.finder import FinderConfig
from bgswap.matting.network import Calibration
from training.common.loop import run_command
from training.detector.person_scores import THRESHOLDS, HeldOut, best_threshold, finder

log = logging.getLogger(__name__)
SHARES = (0.3, 0.5, 0.7)


def calibrated(detector: Path, matting: Path, held_out: HeldOut) -> Calibration:
    """The calibration with the best quality on the pictures reserved for choosing."""
    tried = []
    for share in SHARES:
        find = finder(detector, matting, FinderConfig(THRESHOLDS[0], share))
        threshold, quality = best_threshold(find, held_out)
        log.info("share %.1f: quality %.4f at %.2f", share, quality, threshold)
        tried.append((quality, Calibration(threshold, share)))
    return max(tried, key=lambda one: one[0])[1]


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--people", type=Path, required=True, help="folder or zip with people/val")
    add("--scenes", type=Path, required=True, help="folder or zip with scenes/val")
    add("--detector", type=Path, default=Path("bgswap/starter/person-detector"))
    add("--matting", type=Path, default=Path("bgswap/starter/matting"))
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    def work() -> None:
        held_out = HeldOut(options.people, options.scenes, choosing=True)
        chosen = asdict(calibrated(options.detector, options.matting, held_out))
        path = options.matting / "calibration.json"
        path.write_text(json.dumps(chosen, indent=2) + "\n")

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
