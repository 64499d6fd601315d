"""Estimate the softness of a face (blur or low resolution) from its spectrum."""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.faces.gains import EDGES, FaceCalibration, Softness

# The frequency bands that softness attenuates first.
FINE = slice(4, 11)


@dataclass(frozen=True)
class SoftnessConfig:
    """Thresholds of the estimate; percentages are of clean training faces."""

    # Frequencies that an enlarged face has, as a share of those its own pixels can hold: the ones
    # above are attenuated by the enlargement itself.
    own_frequencies: float = 0.8
    # Loss in the fine bands below which an enlarged face counts as sharp, in dB: 95 % of shrunk
    # training faces are below.
    least_loss_enlarged: float = 5.0
    # Loss in the fine bands below which a face counts as sharp, in dB: 90 % differ by less.
    least_loss: float = 3.0
    # Loss from which a face certainly is soft, in dB.
    sure_loss: float = 6.0
    # Ratio of the distances to a blurred and to a shrunk spectrum below which it is blur alone; up
    # to 1 the two are interpolated, because the large gains against blur harm other faces.
    clearly_blurred: float = 0.5


CONFIG = SoftnessConfig()


def frequency_limit(side: float) -> float:
    """The frequencies, in half periods over a face, that a face of ``side`` pixels holds."""
    return EDGES[-1] if side >= EDGES[-1] else CONFIG.own_frequencies * side


def bands_below(limit: float) -> int:
    """How many bands lie below a frequency, in half periods over a face."""
    return int(np.searchsorted(EDGES[1:], limit, "right"))


def enlargement_loss(limit: float) -> np.ndarray:
    """What the averaging over a pixel took from each band of an enlarged face, in dB.

    Args:
        limit: of its frequencies, see :func:`frequency_limit`; an unlimited face lost nothing.
    """
    centers = np.convolve(EDGES, (0.5, 0.5), "valid")
    if limit == EDGES[-1]:
        return np.zeros(len(centers))
    own = limit / CONFIG.own_frequencies
    return -20 * np.log10(np.sinc(np.minimum(centers / own, 1) / 2))


def classify_softness(
    face: np.ndarray, calibration: FaceCalibration, limit: float = EDGES[-1]
) -> tuple[Softness, float] | None:
    """The calibrated kind of softness nearest to a face's spectrum, and a confidence.

    Args:
        face: (64, 64, 3) uint8 RGB.
        calibration: of the face VAE that restores it.
        limit: frequencies from it on are ignored, see :func:`frequency_limit`.

    Returns:
        The kind, interpolated between blur and low resolution where in doubt, and the confidence
        from 0 to 1. None where the face is sharp.
    """
    levels, count = band_levels(face) + enlargement_loss(limit), bands_below(limit)
    if count <= FINE.start:
        return None
    loss = float((np.array(calibration.clean) - levels)[FINE.start : min(FINE.stop, count)].mean())
    least = CONFIG.least_loss if limit == EDGES[-1] else CONFIG.least_loss_enlarged
    if loss <= least:
        return None

    def distance(others: tuple[float, ...]) -> float:
        return _spectrum_distance(levels[:count], others[:count])

    blurred, shrunk = (
        min(kinds, key=lambda kind: distance(kind.levels))
        for kinds in (calibration.blurred, calibration.shrunk)
    )
    distances = [distance(kind.levels) for kind in (blurred, shrunk)]
    if distance(calibration.clean) <= min(distances):
        return None
    ratio = distances[0] / (distances[1] + 1e-9)
    blur = float(np.clip((1 - ratio) / (1 - CONFIG.clearly_blurred), 0, 1))
    share = min((loss - least) / (CONFIG.sure_loss - CONFIG.least_loss), 1)
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
