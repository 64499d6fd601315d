"""Synthetic relighting of scenes, so that words for light are learned for every class."""

import numpy as np
import torch
from torch import Tensor

# Tint of the linear picture, glow added in bright and upper regions, overall gain.
GRADES = {
    "sunset": ((1.15, 0.62, 0.38), (0.45, 0.17, 0.02), 0.75),
    "golden": ((1.25, 0.95, 0.5), (0.22, 0.13, 0.0), 0.9),
    "night": ((0.55, 0.7, 1.15), (0.0, 0.01, 0.04), 0.24),
    "dusk": ((0.75, 0.7, 1.1), (0.14, 0.05, 0.1), 0.32),
    "misty": ((0.9, 0.95, 1.0), (0.55, 0.58, 0.6), 0.9),
    "cold": ((0.75, 0.95, 1.3), (0.0, 0.02, 0.06), 0.9),
}
# Classes with lamps at night, and the linear colors of their light.
LIT = {
    "alley", "bridge", "buildings", "campus", "castle", "cathedral", "city_street", "harbour",
    "house", "mosque", "old_town", "palace", "skyline", "street", "temple",
}  # fmt: skip
LAMPS = ((1.0, 0.62, 0.22), (1.0, 0.8, 0.5), (1.0, 0.45, 0.15), (0.9, 0.9, 1.0), (1.0, 0.2, 0.15))


def regrade(picture: np.ndarray, scene: str, light: str, rng: np.random.Generator) -> np.ndarray:
    """A scene under another light.

    Args:
        picture: (H, W, 3) uint8 RGB.
        scene: its class; towns get lamps at night.
        light: a key of :data:`GRADES`.
        rng: random generator.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    x = (picture.astype(np.float32) / 255) ** 2.0
    height = np.linspace(1, 0, len(picture), dtype=np.float32)[:, None, None]
    tint, glow, gain = (np.array(part, np.float32) for part in GRADES[light])
    graded = x * tint * gain * rng.uniform(0.85, 1.2)
    strength = rng.uniform(0.6, 1.0)
    if light == "misty":
        veil = strength * (0.35 + 0.35 * height)
        graded = graded * (1 - veil) + glow * veil
    else:
        bright = x.mean(-1, keepdims=True) ** 0.5
        graded = graded + glow * strength * bright * (0.3 + 0.7 * height)
    if light == "night" and scene in LIT:
        graded = graded + _lamps(len(picture), picture.shape[1], rng)
    return ((graded.clip(0, 1) ** 0.5) * 255).round().astype(np.uint8)


def _lamps(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """The soft light of five to fifteen lamps, mostly at half height."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = np.zeros((height, width, 3), np.float32)
    for _ in range(int(rng.integers(5, 16))):
        middle = (rng.normal(0.5, 0.16) * height, rng.uniform(0, width))
        size = rng.uniform(0.02, 0.06) * height
        spot = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / (2 * size**2))
        light += spot[..., None] * np.array(LAMPS[rng.integers(len(LAMPS))], np.float32)
    return light * rng.uniform(0.5, 1.0)


def regrade_batch(pictures: Tensor, lights: Tensor, lamps: Tensor) -> Tensor:
    """A batch of scenes under other lights, see :func:`regrade`.

    Args:
        pictures: (B, 3, H, W) in [-1, 1].
        lights: (B,) indices of the keys of :data:`GRADES`, -1 for none.
        lamps: (B,) bool, where lamps are lit at night.

    Returns:
        (B, 3, H, W) in [-1, 1].
    """
    grades = torch.tensor([(*tint, *glow, gain) for tint, glow, gain in GRADES.values()])
    each = grades.to(pictures.device)[lights.clamp(min=0)][:, :, None, None]
    tint, glow, gain = each[:, :3], each[:, 3:6], each[:, 6:]
    x = ((pictures + 1) / 2) ** 2
    count, device = len(x), x.device
    height = torch.linspace(1, 0, x.shape[2], device=device)[:, None]
    graded = x * tint * gain * (0.85 + 0.35 * torch.rand(count, 1, 1, 1, device=device))
    strength = 0.6 + 0.4 * torch.rand(count, 1, 1, 1, device=device)
    names = list(GRADES)
    veil = strength * (0.35 + 0.35 * height)
    misty = graded * (1 - veil) + glow * veil
    lit = graded + glow * strength * x.mean(1, keepdim=True).sqrt() * (0.3 + 0.7 * height)
    kind = lights[:, None, None, None]
    graded = torch.where(kind == names.index("misty"), misty, lit)
    night = (kind == names.index("night")) & lamps[:, None, None, None]
    graded = graded + night * _lamps_batch(x)
    return torch.where(kind < 0, pictures, graded.clamp(0, 1).sqrt() * 2 - 1)


def _lamps_batch(like: Tensor) -> Tensor:
    """Ten soft lamps on each picture, as :func:`_lamps`."""
    count, _, height, width = like.shape
    y = torch.arange(height, device=like.device)[:, None]
    x = torch.arange(width, device=like.device)
    colors, light = torch.tensor(LAMPS, device=like.device), torch.zeros_like(like)
    for _ in range(10):
        drawn = torch.rand(3, count, 1, 1, device=like.device)
        middle = (0.5 + 0.16 * torch.randn(count, 1, 1, device=like.device)) * height
        size = (0.02 + 0.04 * drawn[0]) * height
        spot = torch.exp(-((y - middle) ** 2 + (x - drawn[1] * width) ** 2) / (2 * size**2))
        color = colors[torch.randint(len(LAMPS), (count,), device=like.device)]
        light = light + spot[:, None] * color[:, :, None, None]
    return light * (0.5 + 0.5 * torch.rand(count, 1, 1, 1, device=like.device))
