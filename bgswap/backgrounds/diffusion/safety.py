"""A safety checker for the scenes of every model: an image classifier with the label ``nsfw``."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from bgswap.backgrounds.diffusion.canvas import neutralise
from bgswap.errors import ModelUnavailable

REFUSED_LABEL = "nsfw"
# Probability above which a scene is refused: where the classifier itself decides.
THRESHOLD = 0.5


class SafetyChecker:
    """Refuses scenes that a classifier calls not safe for work. It runs on the CPU.

    Args:
        network: a transformers model for image classification.
        processor: its image processor.

    Raises:
        ModelUnavailable: the classifier has no label ``nsfw``.
    """

    def __init__(self, network: Any, processor: Any) -> None:
        labels = [str(label).lower() for label in network.config.id2label.values()]
        if REFUSED_LABEL not in labels:
            raise ModelUnavailable(f"The safety checker has no label {REFUSED_LABEL}: {labels}")
        self._network, self._processor = network.eval(), processor
        self._refused = labels.index(REFUSED_LABEL)

    @classmethod
    def load(cls, folder: Path) -> "SafetyChecker":
        """From a folder in Hub layout; nothing is fetched.

        Raises:
            ModelUnavailable: it has no label ``nsfw``.
        """
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        network = AutoModelForImageClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        )
        return cls(network, AutoImageProcessor.from_pretrained(folder, local_files_only=True))

    def refuses(self, scene: np.ndarray, alpha: np.ndarray) -> bool:
        """Whether a scene is refused; the people in it are covered by grey first.

        Args:
            scene: (h, w, 3) uint8 RGB.
            alpha: (h, w) float32 in [0, 1], 1 where the people are who stay.
        """
        inputs = self._processor(images=[neutralise(scene, 1 - alpha)], return_tensors="pt")
        with torch.inference_mode():
            probabilities = self._network(**inputs).logits.softmax(dim=-1)
        return float(probabilities[0, self._refused]) > THRESHOLD
