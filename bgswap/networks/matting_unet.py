"""The matting network: one person's alpha from a crop, their rough mask and all others' masks.

A U-Net (Ronneberger, Fischer and Brox, MICCAI 2015) of residual blocks, guided by a rough mask as
in mask-guided matting (Yu et al., CVPR 2021), with self-attention at its deepest level, which also
classifies whether the crop shows a person, as the second stage of Mask R-CNN does (He et al., ICCV
2017). The refiner doubles the resolution of an alpha.
"""

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F

from bgswap.networks.blocks import INPUTS, Residual, conv_bn

# Total stride of the encoder: crops have sides that are multiples of it.
STRIDE = 32


class Attention(nn.Module):
    """Self-attention over all positions of a feature map, with a residual connection."""

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(1, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        parts = self.qkv(self.norm(x)).reshape(batch, 3, self.heads, -1, height * width)
        query, key, value = parts.transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(-1, -2)
        return x + self.out(mixed.reshape(batch, channels, height, width))


class AlphaRefiner(nn.Module):
    """Refines an alpha that was upsampled by a factor of 2, guided by the photo.

    Args:
        width: channels, at half the crop's size.
        depth: residual blocks.
    """

    def __init__(self, width: int = 24, depth: int = 3) -> None:
        super().__init__()
        self.entry = nn.Sequential(conv_bn(4 * 4, width), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(depth)))
        self.change = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, photo: Tensor, alpha: Tensor) -> Tensor:
        """The refined alpha.

        Args:
            photo: (B, 3, H, W) float in [-1, 1]; H and W even.
            alpha: (B, 1, H, W) float in [0, 1], enlarged from half the size.

        Returns:
            Logits (B, 1, H, W).
        """
        x = F.pixel_unshuffle(torch.cat([photo, 2 * alpha - 1], 1), 2)
        change = F.pixel_shuffle(self.change(self.blocks(self.entry(x))), 2)
        return alpha.clamp(0.01, 0.99).logit() + change


class MattingUNet(nn.Module, PyTorchModelHubMixin, library_name="bgswap"):
    """Five levels down, the first at half the crop's size, and up again.

    Args:
        widths: channels of each level.
        depths: residual blocks of each level on the way down.
        up_depths: of each level on the way up, deepest first.

    ``refiner`` is the :class:`AlphaRefiner` that doubles the resolution of its alphas.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 128, 192, 288),
        depths: tuple[int, ...] = (1, 2, 2, 3, 2),
        up_depths: tuple[int, ...] = (2, 1, 1, 1),
    ) -> None:
        super().__init__()
        before = (4 * INPUTS, *widths)
        self.down, self.up, self.bridges = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for level, (channels, depth) in enumerate(zip(widths, depths, strict=True)):
            entry = conv_bn(before[level], channels, stride=2 if level else 1)
            blocks = (Residual(channels) for _ in range(depth))
            self.down.append(nn.Sequential(entry, nn.ReLU(inplace=True), *blocks))
        deepest = widths[-1]
        self.context = nn.Sequential(
            Attention(deepest), Residual(deepest), Attention(deepest), Residual(deepest)
        )
        levels = zip(widths[:0:-1], widths[-2::-1], up_depths, strict=True)
        for deep, shallow, depth in levels:
            self.bridges.append(conv_bn(deep, shallow, kernel=1))
            self.up.append(nn.Sequential(*(Residual(shallow) for _ in range(depth))))
        self.alpha = nn.Conv2d(widths[0], 4, 3, padding=1)
        self.score = nn.Linear(deepest, 1)
        self.refiner = AlphaRefiner()

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Alphas and scores of crops.

        Args:
            crops: (B, 5, H, W) float: RGB in [-1, 1], 0 outside the photo; this person's rough
                mask and all others' in [0, 1]; H and W multiples of 32. With a rough mask of one
                half everywhere the alpha is that of all people in the crop.

        Returns:
            Logits of the alpha (B, 1, H, W), and of the crop showing a person (B,).

        Raises:
            ValueError: the crops have another shape.
        """
        shape = crops.shape
        if len(shape) != 4 or shape[1] != INPUTS or shape[2] % STRIDE or shape[3] % STRIDE:
            raise ValueError(
                f"expected crops (B, {INPUTS}, H, W) with sides that are multiples of {STRIDE}, "
                f"got {tuple(shape)}"
            )
        x, skips = F.pixel_unshuffle(crops, 2), []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.context(x)
        score = self.score(x.mean((2, 3)))[:, 0]
        skips.pop()
        for bridge, blocks in zip(self.bridges, self.up, strict=True):
            wider = F.interpolate(bridge(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = blocks(F.relu(wider + skips.pop(), inplace=True))
        return F.pixel_shuffle(self.alpha(x), 2), score
