"""A bank of drawn people, small enough for tests."""

import torch

from training.synthesis.bank import GROUP, POLYGON, SINGLE, PhotoBank, SceneBank

SIDE = 64


def drawn_banks() -> tuple[PhotoBank, SceneBank]:
    """Four photos of 64 by 48 pixels (two single, a group, a polygon), and three scenes."""
    images = torch.full((4, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    alphas = torch.zeros(4, SIDE, SIDE, dtype=torch.uint8)
    boxes = torch.zeros(4, 24, 4)
    for number in range(4):
        images[number, :, :, :48] = torch.randint(0, 255, (3, SIDE, 48)).byte()
        alphas[number, 8:60, 14:34] = 255
        images[number, 0, 8:60, 14:34] = 250
        boxes[number, 0] = torch.tensor([14.0, 8.0, 34.0, 60.0])
    alphas[2, 30:60, 38:46] = 255
    boxes[2, 1] = torch.tensor([38.0, 30.0, 46.0, 60.0])
    boxes[3, 1] = torch.tensor([36.0, 20.0, 46.0, 40.0])
    photos = PhotoBank(
        images,
        alphas,
        sizes=torch.tensor([[SIDE, 48]] * 4),
        kinds=torch.tensor([SINGLE, SINGLE, GROUP, POLYGON]),
        boxes=boxes,
        counts=torch.tensor([1, 1, 2, 2]),
        portrait=torch.tensor([False, True, False, False]),
    )
    return photos, SceneBank(torch.randint(0, 255, (3, 3, SIDE, SIDE)).byte())
