"""Estimate the degradation of a face: noise, JPEG blocks, softness (blur or low resolution)."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from bgswap.faces.gains import EDGES, FaceCalibration, Softness

# Root mean square of the half of a standard normal that lies within its quartiles.
SMALLER_HALF = 0.3776
# Side of a JPEG block in pixels.
BLOCK = 8
# The frequency bands that softness attenuates first.
FINE = slice(4, 11)


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
    # In pictures with fewer blocks a side, their borders cannot be distinguished from the content.
    fewest_blocks: int = 6
    # Loss in the fine bands below which a face counts as sharp, in dB: 90 % differ by less.
    least_loss: float = 3.0
    # Loss from which a face certainly is soft, in dB.
    sure_loss: float = 6.0
    # Ratio of the distances to a blurred and to a shrunk spectrum below which it is blur alone; up
    # to 1 the two are interpolated, because the large gains against blur harm other faces.
    clearly_blurred: float = 0.5


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
    if found < 2 * CONFIG.least_step or min(face.shape[:2]) < CONFIG.fewest_blocks * BLOCK:
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


def classify_softness(
    face: np.ndarray, calibration: FaceCalibration
) -> tuple[Softness, float] | None:
    """The calibrated kind of softness nearest to a face's spectrum, and a confidence.

    Args:
        face: (64, 64, 3) uint8 RGB; one that was enlarged to that size is always soft.
        calibration: of the face VAE that restores it.

    Returns:
        The kind, interpolated between blur and low resolution where in doubt, and the confidence
        from 0 to 1. None where the face is sharp.
    """
    levels = band_levels(face)
    loss = float((np.array(calibration.clean) - levels)[FINE].mean())
    if loss <= CONFIG.least_loss:
        return None
    blurred, shrunk = (
        min(kinds, key=lambda kind: _spectrum_distance(levels, kind.levels))
        for kinds in (calibration.blurred, calibration.shrunk)
    )
    distances = [_spectrum_distance(levels, kind.levels) for kind in (blurred, shrunk)]
    if _spectrum_distance(levels, calibration.clean) <= min(distances):
        return None
    ratio = distances[0] / (distances[1] + 1e-9)
    blur = float(np.clip((1 - ratio) / (1 - CONFIG.clearly_blurred), 0, 1))
    share = min((loss - CONFIG.least_loss) / (CONFIG.sure_loss - CONFIG.least_loss), 1)
    return _interpolated(blurred, shrunk, blur), share


def _interpolated(one: Softness, other: Softness, share: float) -> Softness:
    """Two kinds of softness interpolated, with the name of the one that weighs more."""
    fields = (
        np.array(a) * share + np.array(b) * (1 - share)
        for a, b in zip(one[1:], other[1:], strict=True)
    )
    return Softness(one.name if share > 0.5 else other.name, *map(tuple, fields))


def _spectrum_distance(levels: np.ndarray, others: tuple[float, ...]) -> float:
    """Distance of two spectra, mostly of their slopes: clean faces differ in their levels."""
    apart = levels - others
    return float(np.square(np.diff(apart)).sum() + 0.1 * np.square(apart).sum())


def band_levels(face: np.ndarray) -> np.ndarray:
    """Power of the bands of a face (64, 64, 3) in dB, relative to the mean of the first two.

    With a Hann window, because the border of a crop is a sharp edge.
    """
    grey = face.astype(np.float32).mean(-1)
    window = np.hanning(len(grey) + 2)[1:-1]
    power = np.square(cv2.dct((grey - grey.mean()) * np.outer(window, window).astype(np.float32)))
    band = np.digitize(frequencies(), EDGES)
    means = [power[band == number].mean() for number in range(1, len(EDGES))]
    levels = 10 * np.log10(np.array(means) + 0.1)
    return levels - levels[:2].mean()


def frequencies() -> np.ndarray:
    """(64, 64) radial frequency of each DCT coefficient, in half periods over the face."""
    return np.hypot(*np.mgrid[: EDGES[-1], : EDGES[-1]])
