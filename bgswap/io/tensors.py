"""All conversions between numpy arrays and torch tensors.

Arrays are (H, W, 3) uint8 RGB or (H, W) float32 in [0, 1]; tensors are float32 batches with the
channels first, in [0, 1]. Each pair of functions is a lossless round trip.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def images_to_tensor(images: Sequence[np.ndarray]) -> Tensor:
    """Images (H, W, 3) uint8 RGB of one size to (B, 3, H, W) float32 in [0, 1]."""
    batch = np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))
    return torch.from_numpy(batch).float().div_(255)


def tensor_to_images(batch: Tensor) -> list[np.ndarray]:
    """(B, 3, H, W) in [0, 1] to a list of (H, W, 3) uint8 RGB, rounded, clipped."""
    scaled = batch.detach().float().clamp(0, 1).mul(255).round().byte()
    return list(scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy())


def masks_to_tensor(masks: Sequence[np.ndarray]) -> Tensor:
    """Masks (H, W) in [0, 1] of one size to (B, 1, H, W) float32."""
    return torch.from_numpy(np.stack(masks).astype(np.float32, copy=False)).unsqueeze(1)


def tensor_to_masks(batch: Tensor) -> list[np.ndarray]:
    """(B, 1, H, W) in [0, 1] to a list of (H, W) float32."""
    return list(batch.detach().float().squeeze(1).cpu().numpy())


def crops_to_tensor(
    images: Sequence[np.ndarray], rough: Sequence[np.ndarray], others: Sequence[np.ndarray]
) -> Tensor:
    """The input of :class:`bgswap.networks.MattingUNet`, (B, 5, H, W) float32.

    Args:
        images: (H, W, 3) uint8 RGB of one size; padded with 128, mid grey, outside the photo.
        rough, others: as many masks (H, W) float32 in [0, 1] each.
    """
    photos = (images_to_tensor(images) * 255 - 128) / 128
    return torch.cat([photos, masks_to_tensor(rough), masks_to_tensor(others)], 1)
