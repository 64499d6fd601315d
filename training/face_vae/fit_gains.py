"""Fit the calibration of a face VAE, and write it beside the weights as ``calibration.json``.

    python -m training face_vae fit_gains --faces datasets/faces.zip --vae runs/face-vae/hub

The gains (:mod:`bgswap.faces.gains`) depend on the weights: fit them again when these change.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.fft import dctn

from bgswap.faces.gains import EDGES, FILE, FaceCalibration, Softness
from bgswap.faces.restoration import reconstruction_error
from bgswap.faces.softness import band_levels, frequencies
from bgswap.io.tensors import images_to_tensor
from bgswap.networks import FaceVAE
from training.common.evaluation import load_network
from training.common.loop import command_parser, run_command
from training.face_vae.degrade import degrade, noisy, shrunk
from training.face_vae.face_scores import in_batches
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import to_side

# Standard deviations of the blur in pixels of the 64 x 64 face, and sides of low resolution.
BLURS = (1.0, 1.25, 1.5, 1.8, 2.2)
SIDES = (14, 16, 18, 20, 22, 24, 26, 28, 32)
# Share of the faces with added noise, and its grey levels: regularizes the gains.
NOISY, NOISE = 0.5, 1.0
Picture = np.ndarray
# Quantile of the error of degraded faces that counts as usual.
USUAL = 0.97
log = logging.getLogger(__name__)


def sometimes_noisy(face: Picture, rng: np.random.Generator) -> Picture:
    """A face (H, W, 3) uint8 RGB, randomly with noise."""
    return noisy(face, NOISE, rng) if rng.random() < NOISY else face


def mean_levels(faces: Sequence[Picture]) -> tuple[float, ...]:
    """Levels of faces (64, 64, 3) uint8 RGB by band, in dB, as in :class:`Softness`."""
    return tuple(np.mean([band_levels(face) for face in faces], axis=0).tolist())


def fitted_gains(*faces: Sequence[Picture]) -> tuple[tuple[float, ...], ...]:
    """The least-squares gains of each band.

    Args:
        faces: clean faces, the same degraded, and the VAE's reconstructions of the degraded ones;
            each (64, 64, 3) uint8 RGB.

    Returns:
        By band, the gains of the degraded faces and of the reconstructions.
    """
    values = [dctn(np.float32(np.stack(some)), axes=(1, 2), norm="ortho") for some in faces]
    bands, gains = np.digitize(frequencies(), EDGES), []
    for band in range(1, len(EDGES)):
        clean, *given = (part[:, bands == band].ravel() for part in values)
        gains.append(np.linalg.lstsq(np.stack(given, 1), clean)[0])
    return tuple(map(tuple, np.transpose(gains).tolist()))


def fit(name: str, faces: Sequence[Picture], soft: Sequence[Picture], vae: FaceVAE) -> Softness:
    """One row of the table, from clean and soft versions of faces, (64, 64, 3) uint8 RGB."""
    rng = np.random.default_rng(0)
    seen = [sometimes_noisy(face, rng) for face in soft]
    made = in_batches(lambda batch: vae(batch)[0], images_to_tensor(seen))
    return Softness(name, mean_levels(soft), *fitted_gains(faces, seen, made))


def usual_error(faces: Sequence[Picture], vae: FaceVAE) -> float:
    """97th percentile, over degraded faces, of the VAE's squared error over the face's variance.

    Args:
        faces: clean ones, (64, 64, 3) uint8 RGB.
        vae: in eval mode.
    """
    rng = np.random.default_rng(1)
    worse = [degrade(face, rng) for face in faces]
    made = in_batches(lambda batch: vae(batch)[0], images_to_tensor(worse))
    return float(
        np.quantile([reconstruction_error(a, b) for a, b in zip(worse, made, strict=True)], USUAL)
    )


def fitted(faces: Sequence[Picture], vae: FaceVAE) -> FaceCalibration:
    """All of a VAE's calibration, from clean training faces (64, 64, 3) uint8 RGB."""
    blurred = {f"blur {s}": [cv2.GaussianBlur(face, (0, 0), s) for face in faces] for s in BLURS}
    small = {f"{side} pixels": [shrunk(face, (side, side)) for face in faces] for side in SIDES}
    rows = [
        tuple(_rounded(fit(name, faces, soft, vae)) for name, soft in kinds.items())
        for kinds in (blurred, small)
    ]
    clean = tuple(round(level, 1) for level in mean_levels(faces))
    return FaceCalibration(clean, *rows, round(usual_error(faces, vae), 4))


def _rounded(row: Softness) -> Softness:
    values = zip(row[1:], (1, 2, 2), strict=True)
    return Softness(row.name, *(tuple(round(v, digits) for v in some) for some, digits in values))


def calibrate(data: Path, weights: Path, used: int, part: str = "train") -> None:
    """Fit on ``used`` faces of a part with the VAE of a Hub folder, and write it to the folder."""
    vae = load_network(FaceVAE, weights)
    pictures = open_faces(data, part)
    numbers = np.linspace(0, len(pictures) - 1, min(used, len(pictures))).round()
    faces = [to_side(pictures[int(number)]) for number in numbers]
    fitted(faces, vae).write(weights)
    log.info("%s, fitted on %d faces", weights / FILE, len(faces))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = command_parser("face_vae fit_gains", __doc__)
    add = parser.add_argument
    add("--faces", type=Path, required=True, help="folder or zip of faces, as for face_vae")
    add("--vae", type=Path, default=Path("bgswap/starter/face-vae"), help="folder in Hub layout")
    add("--faces-used", type=int, default=1000, help="number of faces, evenly spaced")
    add(
        "--part",
        choices=("train", "val"),
        default="train",
        help="of the faces; val where the VAE was trained on few, because the gains fitted to "
        "faces that it knows by heart are too high for others",
    )
    args = parser.parse_args(arguments)
    return run_command(lambda: calibrate(args.faces, args.vae, args.faces_used, args.part))


if __name__ == "__main__":
    raise SystemExit(main())
