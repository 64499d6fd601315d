"""Metrics of the face VAE: reconstruction, restoration and samples from the prior."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from bgswap.io.tensors import images_to_tensor, tensor_to_images
from bgswap.networks import FaceVAE
from training.common.metrics import mse, ssim
from training.face_vae.degrade import degrade

BATCH = 64


@dataclass(frozen=True)
class FacePictures:
    """The compared pictures, all (64, 64, 3) uint8 RGB; each row is as long as ``true``.

    Attributes:
        true: held-out faces.
        rows: the same faces by each method, by its name.
        samples: faces from the prior.
    """

    true: list[np.ndarray]
    rows: dict[str, list[np.ndarray]]
    samples: list[np.ndarray]


def in_batches(
    function: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor
) -> list[np.ndarray]:
    """Apply a function to a long batch in parts; its pictures (H, W, 3) uint8 RGB."""
    with torch.inference_mode():
        return [p for part in batch.split(BATCH) for p in tensor_to_images(function(part))]


def make_faces(network: FaceVAE, faces: Sequence[np.ndarray], seed: int = 0) -> FacePictures:
    """Generate all pictures to score.

    Args:
        network: in eval mode.
        faces: held-out, (64, 64, 3) uint8 RGB.
        seed: of the degradation and of the samples.
    """
    worse = [degrade(f, np.random.default_rng([seed, n])) for n, f in enumerate(faces)]
    noise = torch.randn(len(faces), network.latent, generator=torch.Generator().manual_seed(seed))
    rows = {
        "reconstruction": in_batches(lambda x: network(x)[0], images_to_tensor(faces)),
        "bicubic 64-16-64": [bicubic(face) for face in faces],
        "degraded": worse,
        "restored": in_batches(lambda x: network(x)[0], images_to_tensor(worse)),
    }
    return FacePictures(list(faces), rows, in_batches(network.decode, noise))


def bicubic(face: np.ndarray, small: int = 16) -> np.ndarray:
    """A face (64, 64, 3) uint8 RGB scaled down to ``small`` pixels and back, both bicubic."""
    tiny = cv2.resize(face, (small, small), interpolation=cv2.INTER_CUBIC)
    return cv2.resize(tiny, face.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def score_faces(pictures: FacePictures) -> dict[str, dict[str, float]]:
    """Mean ``ssim`` and ``mse`` of each row against the true faces."""
    return {
        name: {
            "ssim": float(np.mean([ssim(a, b) for a, b in zip(row, pictures.true, strict=True)])),
            "mse": float(np.mean([mse(a, b) for a, b in zip(row, pictures.true, strict=True)])),
        }
        for name, row in pictures.rows.items()
    }


def face_sheets(pictures: FacePictures, columns: int = 12) -> dict[str, np.ndarray]:
    """``reconstructions`` (true faces above each row) and ``samples``: (H, W, 3) uint8 RGB."""
    rows = [pictures.true, *pictures.rows.values()]
    samples = pictures.samples[: 4 * columns]
    return {
        "reconstructions": np.vstack([np.hstack(row[:columns]) for row in rows]),
        "samples": np.vstack(
            [np.hstack(samples[i : i + columns]) for i in range(0, len(samples), columns)]
        ),
    }
