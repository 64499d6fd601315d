"""Restore a 64 x 64 face from its pixels and its reconstruction by the face VAE.

Noise and JPEG blocks: in overlapping windows of 8 x 8 pixels and opponent colors, the DCT
coefficients of the difference between face and reconstruction are shrunk by a Wiener gain from the
expected noise and the VAE's own error, estimated on the same face; where that error is large, the
face itself counts. The result is the pilot of a second Wiener filter (the last step of Dabov, Foi,
Katkovnik and Egiazarian, "Image denoising by sparse 3-D transform-domain collaborative filtering",
2007, without block matching). Softness: :mod:`bgswap.faces.gains`.
"""

import cv2
import numpy as np

from bgswap.faces.gains import EDGES, Softness
from bgswap.faces.softness import frequencies

# Side of the windows and the step between them, in pixels.
WINDOW, STEP = 8, 3
# Reflected border in pixels, so that the corners of a face also lie in several windows.
MARGIN = 8
# Minimum share of the difference to the face that counts as the VAE's own error.
LEAST_ERROR = 0.05
_OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
OPPONENT = _OPPONENT / np.linalg.norm(_OPPONENT, axis=1, keepdims=True)
BASIS = cv2.dct(np.eye(WINDOW, dtype=np.float32), flags=cv2.DCT_ROWS).T.copy()


def reconstruction_error(face: np.ndarray, reconstruction: np.ndarray) -> float:
    """Squared error of a reconstruction over the variance of the face: about 1 for a non-face.

    Args:
        face, reconstruction: (64, 64, 3), RGB in [0, 255].
    """
    contrast = face.astype(np.float32).var() + 1
    return float(np.square(face.astype(np.float32) - reconstruction).mean() / contrast)


def denoised(face: np.ndarray, reconstruction: np.ndarray, power: np.ndarray) -> np.ndarray:
    """A denoised face.

    Args:
        face: (N, N, 3) uint8 RGB.
        reconstruction: by the VAE, (N, N, 3) float32 RGB in [0, 255].
        power: of the expected noise, (3, 8, 8) float32, see :func:`noise_power`.

    Returns:
        (N, N, 3) float32 RGB, about [0, 255].
    """
    seen, known = _windows(face.astype(np.float32)), _windows(reconstruction)
    apart = seen - known
    measured = np.square(apart).mean((0, 1))
    own_error = np.maximum(measured - power, LEAST_ERROR * measured + 1e-6)
    first = _joined(known + own_error / (own_error + power) * apart, len(face))
    pilot = np.square(_windows(first))
    return _joined(pilot / (pilot + power + 1e-6) * seen, len(face))


def noise_power(noise: np.ndarray) -> np.ndarray:
    """Mean power of noise (N, N, 3) in [-255, 255] by color and frequency, (3, 8, 8)."""
    return np.square(_windows(noise.astype(np.float32))).mean((0, 1))


def sharpened(
    face: np.ndarray,
    reconstruction: np.ndarray,
    softness: Softness,
    share: float,
    usual_error: float,
    limit: float = EDGES[-1],
) -> np.ndarray:
    """A soft face sharpened by the calibrated gains, less where the VAE's error is unusually large.

    Args:
        face: (64, 64, 3) uint8 RGB.
        reconstruction: by the VAE, (64, 64, 3) float32 RGB in [0, 255].
        softness: the estimated kind.
        share: confidence that the face is soft, from 0 to 1.
        usual_error: of the VAE, see :class:`bgswap.faces.gains.FaceCalibration`.
        limit: frequencies from it on do not change, in half periods over the face.

    Returns:
        (64, 64, 3) float32 RGB, about [0, 255].
    """
    centres, radius = np.convolve(EDGES, (0.5, 0.5), "valid"), frequencies()
    own = np.interp(radius, centres, softness.own) - 1
    network = np.interp(radius, centres, softness.network)
    unchanged = (radius < EDGES[0]) | ((radius >= limit) & (limit < EDGES[-1]))
    own[unchanged] = network[unchanged] = 0
    change = [
        cv2.idct((own * cv2.dct(a) + network * cv2.dct(b)).astype(np.float32))
        for a, b in zip(cv2.split(face.astype(np.float32)), cv2.split(reconstruction), strict=True)
    ]
    trust = min(usual_error / reconstruction_error(face, reconstruction), 1)
    return face + share * trust * np.stack(change, -1)


def _windows(values: np.ndarray) -> np.ndarray:
    """(N, N, 3) RGB to the DCT of overlapping windows, (n, n, 3, 8, 8) in opponent colors."""
    padded = np.pad(values @ OPPONENT.T, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW), (0, 1))
    return BASIS @ windows[::STEP, ::STEP] @ BASIS.T


def _joined(windows: np.ndarray, side: int) -> np.ndarray:
    """The picture (side, side, 3) RGB from its windows, averaged where they overlap."""
    values = (BASIS.T @ windows @ BASIS).transpose(0, 1, 3, 4, 2)
    reach = STEP * len(windows)
    total = np.zeros((reach + WINDOW, reach + WINDOW, 4), np.float32)
    for row in range(WINDOW):
        for column in range(WINDOW):
            part = total[row : row + reach : STEP, column : column + reach : STEP]
            part[..., :3] += values[:, :, row, column]
            part[..., 3] += 1
    inside = total[MARGIN : MARGIN + side, MARGIN : MARGIN + side]
    return inside[..., :3] / inside[..., 3:] @ OPPONENT
