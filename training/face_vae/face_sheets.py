"""Sheets of faces that a face VAE draws from its prior, or whose missing part it fills.

    python -m training face_vae sample --vae bgswap/starter/face-vae --out samples.png
    python -m training face_vae fill --data datasets/faces.zip --out fill.png

The rows of ``fill`` are: with a hole, filled, and the true face. A VAE that was trained with
``--inpaint`` fills better.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from bgswap.io.tensors import images_to_tensor, masks_to_tensor, tensor_to_images
from bgswap.networks import FaceVAE
from training.common.evaluation import load_network
from training.common.loop import command_parser, run_command
from training.common.metrics import mse
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import to_side
from training.face_vae.inpainting import fill_holes, random_hole, with_hole

COLUMNS = 16
log = logging.getLogger(__name__)


def write_sheet(rows: Sequence[Tensor], path: Path) -> None:
    """Rows of faces (B, 3, 64, 64) in [0, 1] as one PNG.

    Raises:
        OSError: the file cannot be written.
    """
    sheet = np.vstack([np.hstack(tensor_to_images(row)) for row in rows])
    if not cv2.imwrite(str(path), sheet[..., ::-1]):
        raise OSError(f"cannot write {path}")


def sample(network: FaceVAE, count: int, seed: int) -> Tensor:
    """Faces from the prior, (count, 3, 64, 64) in [0, 1].

    Args:
        network: in eval mode.
        seed: of the latent vectors.
    """
    noise = torch.randn(count, network.latent, generator=torch.Generator().manual_seed(seed))
    device = next(network.parameters()).device
    with torch.inference_mode():
        return network.decode(noise.to(device)).cpu()


def holed_and_filled(
    network: FaceVAE, faces: Sequence[np.ndarray], seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Faces with a random hole, the same filled, and the holes.

    Args:
        network: in eval mode.
        faces: (64, 64, 3) uint8 RGB.
        seed: of the holes.

    Returns:
        (B, 3, 64, 64) in [0, 1] twice, and (B, 1, 64, 64) bool.
    """
    holes = [random_hole(np.random.default_rng([seed, n])) for n in range(len(faces))]
    holed = images_to_tensor([with_hole(f, h) for f, h in zip(faces, holes, strict=True)])
    missing = masks_to_tensor(holes) > 0.5
    return holed, fill_holes(network, holed, missing), missing


def write_samples(args: argparse.Namespace) -> None:
    """The command ``sample``."""
    faces = sample(load_network(FaceVAE, args.vae), args.rows * COLUMNS, args.seed)
    write_sheet(faces.split(COLUMNS), args.out)


def write_filled(args: argparse.Namespace) -> None:
    """The command ``fill``."""
    network, pictures = load_network(FaceVAE, args.vae), open_faces(args.data, "val")
    faces = [to_side(pictures[n]) for n in range(min(len(pictures), args.rows * COLUMNS))]
    holed, filled, missing = holed_and_filled(network, faces, args.seed)
    parts = [images.split(COLUMNS) for images in (holed, filled, images_to_tensor(faces))]
    rows = [row for group in zip(*parts, strict=True) for row in group]
    # An incomplete last row is left out.
    write_sheet([row for row in rows if len(row) == len(rows[0])], args.out)
    errors = [mse(a, b) for a, b in zip(tensor_to_images(filled), faces, strict=True)]
    share = float(missing.float().mean())
    log.info("%d faces, squared error in the holes %.4f", len(faces), np.mean(errors) / share)


def main(arguments: list[str] | None = None) -> int:
    """The commands ``sample`` and ``fill``; returns the exit code."""
    parser = command_parser("face_vae", __doc__)
    add = parser.add_argument
    add("what", choices=("sample", "fill"), help="draw faces from the prior, or fill holes")
    add("--vae", type=Path, default=Path("bgswap/starter/face-vae"), help="folder in Hub layout")
    add("--data", type=Path, help="faces to fill, as for face_vae train")
    add("--out", type=Path, required=True, help="the sheet, a PNG")
    add("--rows", type=int, default=4, help=f"of {COLUMNS} faces")
    add("--seed", type=int, default=0, help="of the samples or of the holes")
    args = parser.parse_args(arguments)
    if args.what == "fill" and args.data is None:
        parser.error("fill needs --data")
    if args.rows < 1:
        parser.error("--rows must be 1 or more")
    work = write_filled if args.what == "fill" else write_samples
    return run_command(lambda: work(args))
