"""CenterFace, a face detector without anchors (Xu et al., "CenterFace: Joint Face Detection and
Alignment Using Face as Point", 2020).

The backbone is MobileNetV2 (Sandler et al., 2018) with its batch normalization folded into the
convolutions; three levels of a feature pyramid lead back to a quarter of the picture's size. The
landmarks of the original are left out.
"""

from typing import NamedTuple

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F

# Pixels of the picture for one cell of the output, and for one of the coarsest level, of which the
# sides of a picture are multiples.
CELL, COARSEST = 4, 32
# Of MobileNetV2: expansion, channels, number of blocks and first stride of each stage.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# The stages that the feature pyramid takes, from coarse to fine.
TAKEN = (4, 2, 1)


class FaceMaps(NamedTuple):
    """What the network says of each cell (h, w) of a picture.

    Attributes:
        scores: (B, h, w) in [0, 1], high in the cell of a face's center.
        sizes: (B, 2, h, w), height and width of the face in pixels.
        offsets: (B, 2, h, w), down and right, of its center from the middle of the cell, in cells.
    """

    scores: Tensor
    sizes: Tensor
    offsets: Tensor


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: expand, filter each channel, project; with a shortcut."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv2d(inputs, wide, 1), nn.ReLU(inplace=True)]
        layers += [
            nn.Conv2d(wide, wide, 3, stride, padding=1, groups=wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, outputs, 1),
        ]
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        made = self.layers(features)
        return features + made if self.shortcut else made


class CenterFace(nn.Module, PyTorchModelHubMixin, library_name="bgswap", license="mit"):
    """Detects faces as points with a size.

    Args:
        pyramid: channels of the feature pyramid.

    Raises:
        ValueError: ``pyramid`` is not a whole number from 1 to 512.
    """

    def __init__(self, pyramid: int = 24) -> None:
        super().__init__()
        if type(pyramid) is not int or not 1 <= pyramid <= 512:
            raise ValueError(f"pyramid must be a whole number from 1 to 512, got {pyramid!r}")
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1)
        channels, stages = 32, []
        for expansion, width, count, stride in STAGES:
            blocks = []
            for number in range(count):
                blocks.append(InvertedResidual(channels, width, expansion, 1 if number else stride))
                channels = width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.top = nn.Conv2d(channels, pyramid, 1)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(pyramid, pyramid, 2, 2) for _ in TAKEN)
        self.laterals = nn.ModuleList(nn.Conv2d(STAGES[n][1], pyramid, 1) for n in TAKEN)
        self.head = nn.Conv2d(pyramid, pyramid, 3, padding=1)
        self.score, self.size, self.offset = (nn.Conv2d(pyramid, n, 1) for n in (1, 2, 2))

    def forward(self, pictures: Tensor) -> FaceMaps:
        """Look for faces.

        Args:
            pictures: (B, 3, H, W) float RGB in [0, 1]; H and W are multiples of 32.

        Raises:
            ValueError: the pictures have another shape.
        """
        if (
            pictures.ndim != 4
            or pictures.shape[1] != 3
            or any(side % COARSEST or not side for side in pictures.shape[2:])
        ):
            raise ValueError(
                f"expected pictures (B, 3, H, W) with sides of multiples of {COARSEST}, "
                f"got {tuple(pictures.shape)}"
            )
        features, levels = F.relu(self.stem(255 * pictures)), []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        merged = F.relu(self.top(features))
        for up, lateral, number in zip(self.ups, self.laterals, TAKEN, strict=True):
            merged = F.relu(up(merged)) + F.relu(lateral(levels[number]))
        merged = F.relu(self.head(merged))
        sizes = CELL * torch.exp(self.size(merged))
        return FaceMaps(torch.sigmoid(self.score(merged))[:, 0], sizes, self.offset(merged))
