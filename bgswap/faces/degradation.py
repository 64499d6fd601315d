"""Measure what is wrong with a face: noise, JPEG blocks, softness."""

from typing import NamedTuple

import cv2
import numpy as np

from bgswap.faces.gains import EDGES, FaceCalibration, Softness

# Standard deviation, in [0, 1], that clean faces show: 95 of 100 have less.
CLEAN_NOISE = 0.0131
# Noise that shows less than this on the face as the VAE sees it is not worth a change: grey levels.
LEAST_NOISE = 1.0
# Root mean square of the half of a standard normal that lies within its quartiles.
SMALLER_HALF = 0.3776
# Of fewer coefficients nothing is concluded.
FEWEST = 200
# Grey levels by which one line of eight steps more than the others: of 500 clean faces none did.
LEAST_STEP = 10.0
QUALITIES = (10, 15, 20, 30, 40, 50, 60)
BLOCK = 8
# In a smaller picture the lines of blocks are too short to tell from what it shows.
FEWEST_BLOCKS = 6
# Clean faces differ in how fast their spectrum falls: 90 of 100 by less than this, in dB.
LEAST_LOSS = 3.0
# At this loss no doubt is left, in dB.
SURE_LOSS = 6.0
# Where a spectrum is this much nearer to a blurred one than to a shrunk one, it is blur; until then
# partly, for the gains against blur are large, and harm where it was none.
CLEARLY_BLURRED = 0.5
# The bands in which softness shows first.
FINE = slice(4, 11)


class Blocks(NamedTuple):
    """JPEG blocks in a picture: their left and top lines modulo 8, and the quality they look of."""

    left: int
    top: int
    quality: int


def expected_noise(face: np.ndarray, seen: np.ndarray, side: int) -> np.ndarray | None:
    """Noise like what was measured on a face, scaled with it.

    The measured noise is drawn once more, and blocks are made once more, elsewhere: what that does
    is what noise and JPEG have already done, but for where it lies.

    Args:
        face: (H, H, 3) uint8 RGB, as large as in the photo.
        seen: (H, H) bool, where it is not painted over.
        side: of the face that is to be mended, in pixels.

    Returns:
        (side, side, 3) float32 in [-255, 255]; None where nothing was measured that still shows.
    """
    found = []
    variance = measured_noise(face, seen) ** 2 - CLEAN_NOISE**2
    if variance > 0:
        found.append(np.random.default_rng(0).normal(0, 255 * np.sqrt(variance), face.shape))
    blocks = measured_blocks(face)
    if blocks:
        found.append(compressed_elsewhere(face, blocks).astype(float) - face)
    way = cv2.INTER_AREA if side < face.shape[0] else cv2.INTER_CUBIC
    scaled = [cv2.resize(noise, (side, side), interpolation=way) for noise in found]
    shown = [noise for noise in scaled if np.sqrt(np.square(noise).mean()) >= LEAST_NOISE]
    return np.stack(shown).sum(axis=0, dtype=np.float32) if shown else None


def measured_noise(face: np.ndarray, seen: np.ndarray) -> float:
    """Standard deviation of the noise in a picture, in [0, 1], mean of its channels.

    From the finest diagonal Haar coefficients, as Donoho and Johnstone (1994) do, but from their
    smaller half instead of the median alone: edges move it as little, and whole grey levels do
    not make it jump.

    Args:
        face: (H, W, 3) uint8 RGB.
        seen: (H, W) bool, the pixels that count; 0 is returned where these are too few.
    """
    height, width = face.shape[0] // 2 * 2, face.shape[1] // 2 * 2
    values = face[:height, :width].astype(np.float32) / 255
    columns = values[:, ::2] - values[:, 1::2]
    diagonal = (columns[::2] - columns[1::2]) / 2
    whole = seen[:height, :width].reshape(height // 2, 2, width // 2, 2).all((1, 3))
    if np.count_nonzero(whole) < FEWEST:
        return 0.0
    ordered = np.sort(np.abs(diagonal[whole]), axis=0)
    half = ordered[: len(ordered) // 2]
    return float(np.mean(np.sqrt(np.square(half).mean(0))) / SMALLER_HALF)


def measured_blocks(face: np.ndarray) -> Blocks | None:
    """The JPEG blocks of a picture (H, W, 3) uint8 RGB.

    The quality is the one at which blocks put elsewhere on the same picture step as much.

    Returns:
        None where there are none to speak of.
    """
    steps = np.stack([_steps(face), _steps(face.swapaxes(0, 1))])
    left, top = steps.argmax(1)
    found = _height(steps[0], left) + _height(steps[1], top)
    if found < 2 * LEAST_STEP or min(face.shape[:2]) < FEWEST_BLOCKS * BLOCK:
        return None
    heights = []
    for quality in QUALITIES:
        again = compressed_elsewhere(face, Blocks(int(left), int(top), quality))
        middle = BLOCK // 2
        heights.append(
            _height(_steps(again), (left + middle) % BLOCK)
            + _height(_steps(again.swapaxes(0, 1)), (top + middle) % BLOCK)
        )
    nearest = int(np.argmin(np.abs(np.array(heights) - found)))
    return Blocks(int(left), int(top), QUALITIES[nearest])


def compressed_elsewhere(face: np.ndarray, blocks: Blocks) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB as JPEG with its blocks half a block from where they were."""
    height, width = face.shape[:2]
    left, top = ((BLOCK // 2 - line) % BLOCK for line in (blocks.left, blocks.top))
    padded = cv2.copyMakeBorder(face, top, BLOCK, left, BLOCK, cv2.BORDER_REFLECT)
    again = compressed(padded, blocks.quality)
    return np.ascontiguousarray(again[top : top + height, left : left + width])


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """As JPEG of a quality from 0 to 100, colours at half resolution; (H, W, 3) uint8 RGB both."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # OpenCV wrote the data itself
    return np.ascontiguousarray(decoded[..., ::-1])


def _steps(face: np.ndarray) -> np.ndarray:
    """Mean third difference of grey across columns, by column modulo 8: high on a block's line."""
    grey = face.astype(np.float32).mean(-1)
    steps = np.abs(np.diff(grey, 3, axis=1)).mean(0)
    # The third difference of four pixels lies between the two in their middle.
    lines = (np.arange(len(steps)) + 2) % BLOCK
    return np.bincount(lines, steps, BLOCK) / np.bincount(lines, minlength=BLOCK)


def _height(steps: np.ndarray, line: int) -> float:
    return float(steps[line] - np.median(np.delete(steps, line)))


def measured_softness(
    face: np.ndarray, calibration: FaceCalibration
) -> tuple[Softness, float] | None:
    """The ways of being soft that a face's spectrum is nearest to, and how surely it is soft.

    Args:
        face: (64, 64, 3) uint8 RGB; one that was enlarged to that is always soft.
        calibration: of the face VAE that is to restore it.

    Returns:
        The way, two mixed where in doubt, and a share from 0 to 1 by which the loss exceeds what
        clean faces have. None where it does not.
    """
    levels = band_levels(face)
    loss = float((np.array(calibration.clean) - levels)[FINE].mean())
    if loss <= LEAST_LOSS:
        return None
    blurred, shrunk = (
        min(kinds, key=lambda kind: _unlike(levels, kind.levels))
        for kinds in (calibration.blurred, calibration.shrunk)
    )
    distances = [_unlike(levels, kind.levels) for kind in (blurred, shrunk)]
    if _unlike(levels, calibration.clean) <= min(distances):
        return None
    ratio = distances[0] / (distances[1] + 1e-9)
    blur = float(np.clip((1 - ratio) / (1 - CLEARLY_BLURRED), 0, 1))
    share = min((loss - LEAST_LOSS) / (SURE_LOSS - LEAST_LOSS), 1)
    return _mixed(blurred, shrunk, blur), share


def _mixed(one: Softness, other: Softness, share: float) -> Softness:
    """Two ways of being soft, so much of the one, under the name of the greater part."""
    fields = (
        np.array(a) * share + np.array(b) * (1 - share)
        for a, b in zip(one[1:], other[1:], strict=True)
    )
    return Softness(one.name if share > 0.5 else other.name, *map(tuple, fields))


def _unlike(levels: np.ndarray, others: tuple[float, ...]) -> float:
    """How far spectra are apart, mostly from band to band: faces differ in how fast they fall."""
    apart = levels - others
    return float(np.square(np.diff(apart)).sum() + 0.1 * np.square(apart).sum())


def band_levels(face: np.ndarray) -> np.ndarray:
    """Power of the bands of a face (64, 64, 3) in dB, next to the mean of the first two.

    Under a Hann window: a soft picture that is cut off is not soft at its border.
    """
    grey = face.astype(np.float32).mean(-1)
    window = np.hanning(len(grey) + 2)[1:-1]
    power = np.square(cv2.dct((grey - grey.mean()) * np.outer(window, window).astype(np.float32)))
    band = np.digitize(frequencies(), EDGES)
    means = [power[band == number].mean() for number in range(1, len(EDGES))]
    levels = 10 * np.log10(np.array(means) + 0.1)
    return levels - levels[:2].mean()


def frequencies() -> np.ndarray:
    """(64, 64) distance of each DCT coefficient from the first, in half periods a face."""
    return np.hypot(*np.mgrid[: EDGES[-1], : EDGES[-1]])
