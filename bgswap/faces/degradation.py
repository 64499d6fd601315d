"""Estimate the noise and the JPEG blocks of a face."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

# Root mean square of the half of a standard normal that lies within its quartiles.
SMALLER_HALF = 0.3776
# Side of a JPEG block in pixels.
BLOCK = 8


@dataclass(frozen=True)
class DegradationConfig:
    """Thresholds of the estimates; percentages are of clean training faces."""

    # Standard deviation of noise, in [0, 1], below which a face counts as clean: 95 % are below.
    clean_noise: float = 0.0131
    # Noise that remains below this on the face scaled for the VAE is ignored: grey levels.
    least_noise: float = 1.0
    # With fewer coefficients the noise is not estimated.
    fewest_coefficients: int = 200
    # Grey levels by which the step at block borders must exceed the others: none of 500 did.
    least_step: float = 10.0
    # JPEG qualities that are compared.
    qualities: tuple[int, ...] = (10, 15, 20, 30, 40, 50, 60)
    # In pictures with fewer pixels a side, blocks cannot be distinguished from the content: at 40
    # pixels a third of the clean training faces seem to have some, at 42 to 46 one in ten.
    least_side_for_blocks: int = 42


CONFIG = DegradationConfig()


class Blocks(NamedTuple):
    """JPEG blocks in a picture: their left and top lines modulo 8, and the estimated quality."""

    left: int
    top: int
    quality: int


def simulate_noise(face: np.ndarray, visible: np.ndarray, side: int) -> np.ndarray | None:
    """A sample of noise with the statistics of the noise and JPEG artifacts of a face, scaled.

    Noise of the estimated strength is drawn, and the face is compressed again with shifted blocks:
    that changes a face as much as its own noise and compression did.

    Args:
        face: (H, H, 3) uint8 RGB, at the photo's resolution.
        visible: (H, H) bool, the pixels that show the face.
        side: of the face to restore, in pixels.

    Returns:
        (side, side, 3) float32 in [-255, 255]; None where the face is clean.
    """
    found = []
    variance = estimate_noise(face, visible) ** 2 - CONFIG.clean_noise**2
    if variance > 0:
        found.append(np.random.default_rng(0).normal(0, 255 * np.sqrt(variance), face.shape))
    blocks = detect_jpeg_blocks(face)
    if blocks:
        found.append(recompress_shifted(face, blocks).astype(float) - face)
    way = cv2.INTER_AREA if side < face.shape[0] else cv2.INTER_CUBIC
    scaled = [cv2.resize(noise, (side, side), interpolation=way) for noise in found]
    shown = [noise for noise in scaled if np.sqrt(np.square(noise).mean()) >= CONFIG.least_noise]
    return np.stack(shown).sum(axis=0, dtype=np.float32) if shown else None


def estimate_noise(face: np.ndarray, visible: np.ndarray) -> float:
    """Standard deviation of the noise in a picture, in [0, 1], averaged over the channels.

    From the finest diagonal Haar coefficients (Donoho and Johnstone, 1994), by the root mean
    square of their smaller half instead of the median: as robust against edges, and not quantized
    to whole grey levels.

    Args:
        face: (H, W, 3) uint8 RGB.
        visible: (H, W) bool, the pixels that count; 0 is returned where these are too few.
    """
    height, width = face.shape[0] // 2 * 2, face.shape[1] // 2 * 2
    values = face[:height, :width].astype(np.float32) / 255
    columns = values[:, ::2] - values[:, 1::2]
    diagonal = (columns[::2] - columns[1::2]) / 2
    whole = visible[:height, :width].reshape(height // 2, 2, width // 2, 2).all((1, 3))
    if np.count_nonzero(whole) < CONFIG.fewest_coefficients:
        return 0.0
    ordered = np.sort(np.abs(diagonal[whole]), axis=0)
    half = ordered[: len(ordered) // 2]
    return float(np.mean(np.sqrt(np.square(half).mean(0))) / SMALLER_HALF)


def detect_jpeg_blocks(face: np.ndarray) -> Blocks | None:
    """Detect the JPEG blocks of a picture (H, W, 3) uint8 RGB.

    The quality is the one at which shifted blocks on the same picture give equal steps.

    Returns:
        None where no blocks are visible.
    """
    steps = np.stack([_blockiness(face), _blockiness(face.swapaxes(0, 1))])
    left, top = steps.argmax(1)
    found = _blockiness_at(steps[0], left) + _blockiness_at(steps[1], top)
    if found < 2 * CONFIG.least_step or min(face.shape[:2]) < CONFIG.least_side_for_blocks:
        return None
    heights = []
    for quality in CONFIG.qualities:
        again = recompress_shifted(face, Blocks(int(left), int(top), quality))
        middle = BLOCK // 2
        heights.append(
            _blockiness_at(_blockiness(again), (left + middle) % BLOCK)
            + _blockiness_at(_blockiness(again.swapaxes(0, 1)), (top + middle) % BLOCK)
        )
    nearest = int(np.argmin(np.abs(np.array(heights) - found)))
    return Blocks(int(left), int(top), CONFIG.qualities[nearest])


def recompress_shifted(face: np.ndarray, blocks: Blocks) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB compressed as JPEG with its blocks shifted by half a block."""
    height, width = face.shape[:2]
    left, top = ((BLOCK // 2 - line) % BLOCK for line in (blocks.left, blocks.top))
    padded = cv2.copyMakeBorder(face, top, BLOCK, left, BLOCK, cv2.BORDER_REFLECT)
    again = jpeg_compressed(padded, blocks.quality)
    return np.ascontiguousarray(again[top : top + height, left : left + width])


def jpeg_compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB after JPEG of a quality from 0 to 100 with 4:2:0 chroma subsampling."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # OpenCV wrote the data itself
    return np.ascontiguousarray(decoded[..., ::-1])


def _blockiness(face: np.ndarray) -> np.ndarray:
    """Mean third difference of grey across columns, by column modulo 8: high on a block's line."""
    grey = face.astype(np.float32).mean(-1)
    steps = np.abs(np.diff(grey, 3, axis=1)).mean(0)
    # The third difference of four pixels lies between the two in their middle.
    lines = (np.arange(len(steps)) + 2) % BLOCK
    return np.bincount(lines, steps, BLOCK) / np.bincount(lines, minlength=BLOCK)


def _blockiness_at(steps: np.ndarray, line: int) -> float:
    return float(steps[line] - np.median(np.delete(steps, line)))
