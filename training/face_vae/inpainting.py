"""Holes in faces for training, and filling of holes with a face VAE."""

import numpy as np
import torch
from torch import Tensor

from bgswap.networks import FaceVAE
from bgswap.networks.face_vae import SIDE

# Sides of a hole as shares of the face.
SMALLEST, LARGEST = 0.25, 0.55
# How often the hole is filled again from the reconstruction of the filled face.
PASSES = 5


def random_hole(rng: np.random.Generator) -> np.ndarray:
    """A rectangle or an ellipse inside a face, (64, 64) bool, True where the face is missing."""
    height, width = rng.uniform(SMALLEST, LARGEST, 2) * SIDE
    top, left = rng.uniform(0, SIDE - height), rng.uniform(0, SIDE - width)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    down = np.abs(rows - top - height / 2) / (height / 2)
    right = np.abs(columns - left - width / 2) / (width / 2)
    return np.hypot(down, right) < 1 if rng.random() < 0.5 else np.maximum(down, right) < 1


def with_hole(face: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A face (64, 64, 3) uint8 RGB whose hole has the mean color of the rest."""
    holed = face.copy()
    holed[hole] = face[~hole].mean(0).round()
    return holed


def fill_holes(network: FaceVAE, faces: Tensor, holes: Tensor, passes: int = PASSES) -> Tensor:
    """Faces whose holes are filled; all other pixels stay.

    The reconstruction fills the hole, and the filled face is reconstructed again: each pass moves
    it towards a face that the network knows (Rezende, Mohamed and Wierstra, "Stochastic
    Backpropagation and Approximate Inference in Deep Generative Models", 2014).

    Args:
        network: in eval mode.
        faces: (B, 3, 64, 64) RGB in [0, 1]; holes as :func:`with_hole` leaves them.
        holes: (B, 1, 64, 64) bool, True where a face is missing.
        passes: how often.
    """
    filled = faces
    with torch.inference_mode():
        for _ in range(passes):
            filled = torch.where(holes, network(filled)[0], faces)
    return filled
