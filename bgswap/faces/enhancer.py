"""Restore degraded faces of kept people with the face VAE, and leave good ones alone.

A face is found inside each kept person by the LBP cascade that ships with scikit-image (after
OpenCV's lbpcascade_frontalface; Liao et al., "Learning Multi-scale Block Local Binary Patterns for
Face Recognition", 2007). Its windows fit the tight CelebA crops that the VAE was trained on. What
is wrong with it is measured on the photo's own pixels (:mod:`bgswap.faces.degradation`); noise and
JPEG blocks, or else softness, are mended at the 64 x 64 pixels that the VAE knows
(:mod:`bgswap.faces.restoration`), and only the change is scaled back and added: finer detail of a
larger face stays, and so does a face on which nothing is measured.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.faces.degradation import expected_noise, measured_softness
from bgswap.faces.gains import FILE, FaceCalibration
from bgswap.faces.restoration import denoised, noise_power, sharpened, strangeness
from bgswap.faces.windows import (
    SIDE,
    Box,
    at_its_size,
    own_pixels,
    rimmed,
    rows_and_columns,
    soft_window,
    without_scene,
)
from bgswap.io.images import resize

if TYPE_CHECKING:
    from bgswap.networks import FaceVAE

# Faces smaller than this hold too little to restore; in pixels of the photo.
SMALLEST_FACE = 16
# A standing adult is some eight heads tall, a face is a little less than a head.
FACES_PER_HEIGHT = 13
# The cascade's own window is 24 pixels; a little more finds more.
CASCADE_FACE = 26
MOST_ENLARGED = 2.0
LEAST_COVERED = 0.75
# The mask's edge in which the scene may shine through: share of a face, and pixels at least.
EDGE, LEAST_EDGE = 0.06, 2
# The blur of what stands for the pixels round a face, where they are not the person's.
RIM_BLUR = 1.5


class FaceEnhancer:
    """Finds the faces of kept people and restores them with a face VAE.

    Args:
        vae: the network; used in eval mode.
        device: the torch device it runs on.
        calibration: what was fitted for the network; without it softness is not mended.
    """

    def __init__(
        self, vae: "FaceVAE", device: str = "cpu", calibration: FaceCalibration | None = None
    ) -> None:
        from skimage import data
        from skimage.feature import Cascade

        self.device, self.calibration = device, calibration
        self.vae = vae.to(device).eval()
        self.cascade = Cascade(data.lbp_frontal_face_cascade_filename())

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "FaceEnhancer":
        """Load the VAE from a folder in Hub layout, and its calibration where there is one.

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
            ValueError: the calibration cannot be read.
        """
        from bgswap.networks import FaceVAE

        vae = FaceVAE.from_pretrained(str(folder), strict=True)
        return cls(vae, device, FaceCalibration.read(Path(folder)))

    def check(self) -> None:
        """Reconstruct noise, before weights of one's own serve.

        Raises:
            Exception: the network does not run, or its answer is not finite.
        """
        import torch

        with torch.inference_mode():
            faces = torch.rand(1, 3, SIDE, SIDE).to(self.device)
            if not all(torch.isfinite(part).all() for part in self.vae(faces)):
                raise ValueError("a reconstructed face is not finite")

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """Restore the face of each kept person.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each kept person, (H, W) float32 in [0, 1]; outside it nothing changes.
            strength: 0 (the image itself is given back) to 1.

        Returns:
            The image, (H, W, 3) uint8 RGB, and notes on the people whose faces stay as they are.

        Raises:
            ValueError: a mask has another size, or the strength is out of range.
        """
        if any(mask.shape != image.shape[:2] for mask in masks):
            raise ValueError(f"image {image.shape} and its masks differ in size")
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength from 0 to 1, got {strength}")
        if strength == 0:
            return image, []
        result = image.copy()
        missing = clean = 0
        for mask in masks:
            box = self.find_face(image, mask)
            if box is None:
                missing += 1
            elif not self._restore(result, mask, box, strength):
                clean += 1
        notes = _notes(missing, clean, len(masks))
        if clean and self.calibration is None:
            notes.append(f"Faces: softness is not mended, for the face VAE has no {FILE}.")
        return result, notes

    def find_face(self, image: np.ndarray, mask: np.ndarray) -> Box | None:
        """The face of one person as a tight square: (x, y, side) in pixels.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; the scene around it plays no part.

        Returns:
            None where no frontal face was found.
        """
        x, y, width, height = cv2.boundingRect((mask > 0.5).view(np.uint8))
        smallest = max(SMALLEST_FACE, height / FACES_PER_HEIGHT)
        # Heads are high up; in a portrait the face may reach down to the picture's edge.
        height = min(height, round(max(0.6 * height, 1.2 * width)))
        if min(width, height) < smallest:
            return None
        zone = (slice(y, y + height), slice(x, x + width))
        scale = min(CASCADE_FACE / smallest, MOST_ENLARGED)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        covered = resize(mask[zone], size)
        person = resize(without_scene(image[zone], own_pixels(mask[zone], LEAST_EDGE)), size)
        windows = self.cascade.detect_multi_scale(
            person,
            scale_factor=1.1,
            step_ratio=1,
            min_size=(round(smallest * scale), round(smallest * scale)),
            max_size=size[::-1],
        )
        found = [(w["c"], w["r"], w["width"]) for w in windows]
        inside = [box for box in found if covered[rows_and_columns(box)].mean() > LEAST_COVERED]
        if not inside:
            return None
        # Of several the one that the VAE knows best as a face; it has seen nothing else.
        strange = [self._strangeness(person[rows_and_columns(box)]) for box in inside]
        left, top, side = inside[int(np.argmin(strange))]
        left, top, side = round(x + left / scale), round(y + top / scale), round(side / scale)
        side = min(side, image.shape[0] - top, image.shape[1] - left)
        return (left, top, side) if side >= SMALLEST_FACE else None

    def _strangeness(self, face: np.ndarray) -> float:
        small = resize(face, (SIDE, SIDE))
        return strangeness(small, self._reconstruct(small))

    def _reconstruct(self, face: np.ndarray) -> np.ndarray:
        """(64, 64, 3) uint8 RGB to the same, as the VAE sees it."""
        import torch

        from bgswap.io.tensors import images_to_tensor, tensor_to_images

        with torch.inference_mode():
            reconstruction, _, _ = self.vae(images_to_tensor([face]).to(self.device))
        return tensor_to_images(reconstruction)[0]

    def _restore(self, image: np.ndarray, mask: np.ndarray, box: Box, strength: float) -> bool:
        """Restore one face in place; False where nothing was measured and it was left alone."""
        box, rim = rimmed(at_its_size(box, image.shape), image.shape)
        window, side = rows_and_columns(box), box[2]
        own = own_pixels(mask[window], max(round(EDGE * side), LEAST_EDGE + 1))
        face = without_scene(image[window], own)
        change = self._change(face, own == 1, SIDE + 2 * rim)
        if change is None:
            return False
        scaled: np.ndarray = cv2.resize(change, (side, side), interpolation=cv2.INTER_CUBIC)
        scaled *= (strength * mask[window])[..., None]
        image[window] = (image[window] + scaled).round().clip(0, 255).astype(np.uint8)
        return True

    def _change(self, face: np.ndarray, seen: np.ndarray, size: int) -> np.ndarray | None:
        """What to add to a face (H, H, 3) with its rim, scaled to (size, size, 3) float32."""
        small = resize(face, (size, size))
        rim = (size - SIDE) // 2
        middle = (slice(rim, rim + SIDE),) * 2
        noise = expected_noise(face, seen, size)
        if noise is not None:
            # In the rim, which the VAE does not know, the face without detail stands in for it:
            # what is mended is to end beyond the face and not in it.
            made = cv2.GaussianBlur(small.astype(np.float32), (0, 0), RIM_BLUR)
            made[middle] = self._reconstruct(small[middle])
            mended = denoised(small, made, noise_power(noise))
            return (mended - small) * soft_window(size)[..., None]
        # A face that was enlarged to this size is soft for that alone.
        known = self.calibration
        if known is None or len(face) < size:
            return None
        softness = measured_softness(small[middle], known)
        if softness is None:
            return None
        made = self._reconstruct(small[middle]).astype(np.float32)
        change = np.zeros(small.shape, np.float32)
        sharper = sharpened(small[middle], made, *softness, known.usual_error) - small[middle]
        change[middle] = sharper * soft_window(SIDE)[..., None]
        return change


def _notes(missing: int, clean: int, people: int) -> list[str]:
    counts = {"none found": missing, "nothing to mend": clean}
    words = "Faces: {} on {} of {} kept people, who stay as is."
    return [words.format(what, count, people) for what, count in counts.items() if count]
