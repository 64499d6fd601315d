"""Cut-outs of held-out photos: ours compared with MediaPipe Selfie and ISNet.

    python -m benchmarks.cutouts --people512 datasets/people512.zip --people datasets/people.zip \\
        --more datasets/people_more.zip --everyday datasets/everyday --peers datasets/peers \\
        [--cache FOLDER] [--part figures] [--limit N] [--threads N] [--json FILE] [--sheet JPEG]
    python -m benchmarks.cutouts --robustness
    python -m benchmarks.cutouts --show [PHOTO ...] [--people512 ... --limit N] --out FOLDER

The sets are those of benchmarks/val_sets.py; benchmarks/peers.py says how to get the peers' files.
"everyone" keeps all who were found; "right people kept" those who are labelled, as a user would
click; "their masks" are the masks of these as ``find_people`` gives them, before matting.
``--sheet`` shows the twenty worst of ours: photo, ground truth and ours over green.
``--robustness`` finds people in grey, sepia, dark, mirrored and small copies of ultralytics'
``bus.jpg`` and ``zidane.jpg``. ``--show`` writes cut-outs at full size over green, white and black.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.cutout_scores import Row, cut_out, found_people, row, summary, table
from benchmarks.cutout_sheets import Shown, over_colors, sheet
from benchmarks.peers import Peer, peers
from benchmarks.robustness import robustness, robustness_table
from benchmarks.sheet import known_photo
from benchmarks.val_sets import ValPhoto, fit, sampled, val_photos
from bgswap import BackgroundSwapper, Settings
from bgswap.io.encoding import save
from bgswap.io.images import open_photo

WORST = 20
KNOWN = ("bus.jpg", "zidane.jpg")


def measure(
    swapper: BackgroundSwapper | None,
    photos: Sequence[ValPhoto],
    others: Sequence[Peer],
    on_photo: Callable[[list[Row]], None] = lambda rows: None,
) -> tuple[list[Row], list[Shown]]:
    """The metrics of all methods on all photos, and our worst cut-outs, worst first.

    Args:
        swapper: None leaves ours out.
        on_photo: is given all rows so far after each photo.
    """
    rows: list[Row] = []
    worst: list[tuple[float, Shown]] = []
    for entry in tqdm(photos, desc="photos", mininterval=10):
        photo, truth = entry.read()
        if swapper is not None:
            cutout = cut_out(swapper, photo, truth, entry.set == "everyday")
            rows += cutout.rows(entry, truth)
            fits = fit(cutout.kept, truth).iou
            words = f"{entry.set} {entry.name}  IoU {fits:.3f}, {cutout.stay} of {cutout.found}"
            worst.append((fits, Shown(words, photo, truth, cutout.kept)))
            worst = sorted(worst, key=lambda one: one[0])[:WORST]
        for peer in others:
            alpha, times = peer(photo)
            rows.append(row(entry, peer.name, alpha, truth, times))
        on_photo(rows)
    return rows, [shown for _, shown in worst]


def warm(swapper: BackgroundSwapper, threads: int) -> None:
    """Load and compile everything before the first photo; then set the number of cores."""
    import torch

    photo = open_photo(known_photo(KNOWN[0]))
    people = found_people(swapper, photo)
    if people:
        swapper.matte(photo, people)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def show(swapper: BackgroundSwapper, photos: Iterable[tuple[str, np.ndarray]], out: Path) -> None:
    """Write everyone found in each photo at full size over three colors, a JPEG each."""
    out.mkdir(parents=True, exist_ok=True)
    for name, photo in photos:
        people = found_people(swapper, photo)
        alpha = swapper.matte(photo, people) if people else np.zeros(photo.shape[:2], np.float32)
        save(over_colors(photo, alpha), out / f"{name}.jpg")
        print(f"{name}: {len(people)} people", flush=True)


def check_robustness(swapper: BackgroundSwapper) -> list[Row]:
    """Print the robustness on altered copies of two photos, and return the rows."""
    known = ((name, open_photo(known_photo(name))) for name in KNOWN)
    rows = list(robustness(lambda photo: [p.mask for p in found_people(swapper, photo)], known))
    print(robustness_table(rows))
    return rows


def add_sets(parser: argparse.ArgumentParser) -> None:
    """The arguments that say on which photos to measure, and on how many cores."""
    parser.add_argument("--people512", type=Path, help="people512.zip: street")
    parser.add_argument("--people", type=Path, help="people.zip: its part of varied")
    parser.add_argument("--more", type=Path, help="people_more.zip: its part of varied")
    parser.add_argument("--everyday", type=Path, help="folder of NAME.jpg and NAME.png: everyday")
    parser.add_argument("--names", type=Path, help="file of everyday names, one a line: only these")
    parser.add_argument("--part", choices=("figures", "choice", "all"), default="figures")
    parser.add_argument("--limit", type=int, help="photos of each set at most")
    parser.add_argument(
        "--least-area",
        type=float,
        default=0.0,
        help="leave out photos whose labelled people cover a smaller share of the photo",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all figures here")


def chosen_photos(options: argparse.Namespace) -> list[ValPhoto]:
    """The photos that the arguments of :func:`add_sets` ask for."""
    photos = val_photos(options.people512, options.more, options.people, options.everyday)
    if options.names is not None:
        names = set(options.names.read_text().split())
        photos = [p for p in photos if p.set != "everyday" or p.name in names]
    if options.least_area > 0:
        photos = [p for p in photos if p.read()[1].mean() >= options.least_area]
    return sampled(photos, options.part, options.limit)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_sets(parser)
    parser.add_argument("--peers", type=Path, help="folder of the peers' files")
    parser.add_argument("--cache", type=Path, help="folder for the peers' results")
    parser.add_argument("--peers-only", action="store_true", help="do not run our program")
    parser.add_argument("--sheet", type=Path, help="write a picture of the worst of ours here")
    parser.add_argument("--robustness", action="store_true", help="altered copies of two photos")
    parser.add_argument("--show", nargs="*", type=Path, metavar="PHOTO", help="write cut-outs")
    parser.add_argument("--out", type=Path, default=Path("cutouts"), help="folder for --show")
    return parser.parse_args()


def main() -> None:
    """Run the command: print the table and write the requested files."""
    options = parsed()
    photos = chosen_photos(options)
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    figures: Row = {"part": options.part, "threads": options.threads}

    def keep(rows: list[Row]) -> None:
        figures.update({"summary": summary(rows), "photos": rows})
        write(figures, options.json)

    if not options.peers_only:
        warm(swapper, options.threads)
    if options.show is not None:
        files = options.show or ([] if photos else map(known_photo, KNOWN))
        show(swapper, ((Path(f).stem, open_photo(f)) for f in files), options.out)
        show(swapper, ((p.name, p.read()[0]) for p in photos), options.out)
        return
    if options.robustness:
        figures["robustness"] = check_robustness(swapper)
        write(figures, options.json)
    if photos:
        others = peers(options.peers, options.threads, options.cache)
        rows, worst = measure(None if options.peers_only else swapper, photos, others, keep)
        print(table(summary(rows)))
        if options.sheet and worst:
            save(sheet(worst), options.sheet)


def write(figures: Row, path: Path | None) -> None:
    """Write figures as JSON, where a path is given."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
