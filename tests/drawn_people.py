"""Drawn people and scenes in the layout of the real archives."""

from pathlib import Path

import numpy as np
from PIL import Image

SHIRTS = ((200, 30, 30), (30, 160, 40), (40, 60, 200), (220, 200, 60))


def drawn_person(
    shirt: tuple[int, int, int], portrait: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """A figure of ellipses (H, W, 3) uint8 with its alpha (H, W) uint8."""
    image = np.full((96, 64, 3), 120, np.uint8)
    image[::7] = 140
    y, x = np.mgrid[:96, :64]
    wide, top = (26, 40) if portrait else (14, 26)
    head = ((x - 32) / (wide * 0.6)) ** 2 + ((y - top * 0.7) / (top * 0.4)) ** 2 < 1
    body = (abs(x - 32) < wide) & (y > top) & ((y < 90) | portrait)
    image[head], image[body] = (224, 180, 150), shirt
    return image, np.uint8(head | body) * 255


def write_archives(root: Path) -> Path:
    """Four people and four scenes in each of ``train`` and ``val``; returns the folder."""
    for part in ("train", "val"):
        people, scenes = root / "people" / part, root / "scenes" / part / "street"
        people.mkdir(parents=True)
        scenes.mkdir(parents=True)
        for number, shirt in enumerate(SHIRTS):
            kind = "portraitauto" if number == 3 else "street"
            image, alpha = drawn_person(shirt, portrait=number == 3)
            Image.fromarray(image).save(people / f"{kind}_{number}.webp", lossless=True)
            Image.fromarray(alpha).save(people / f"{kind}_{number}.png")
            noise = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((64, 64)).save(scenes / f"{number}.webp")
    return root
