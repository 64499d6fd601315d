"""The detector's second stage: one person's mask from a crop, and whether it shows a person.

A U-Net (Ronneberger, Fischer and Brox, MICCAI 2015) of residual blocks, guided by a rough mask as
in mask-guided matting (Yu et al., CVPR 2021); its deepest level also scores the candidate, as the
second stage of Mask R-CNN does (He et al., ICCV 2017).
"""

from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.nn import functional as F

from bgswap.networks.blocks import INPUTS, Residual, conv_bn


class PersonUNet(nn.Module, PyTorchModelHubMixin, library_name="bgswap"):
    """Five levels down, the first at half the crop's size, and up again.

    Args:
        height, width: of the crops it was trained on, in pixels; multiples of 32.
        widths: channels of each level.
        depths: residual blocks of each level on the way down; one on the way up.

    ``shape`` holds these four, to create another network of the same shape.
    """

    def __init__(
        self,
        height: int = 192,
        width: int = 128,
        widths: tuple[int, ...] = (24, 48, 96, 192, 288),
        depths: tuple[int, ...] = (1, 2, 2, 3, 2),
    ) -> None:
        super().__init__()
        self.height, self.width = height, width
        self.shape = {"height": height, "width": width, "widths": widths, "depths": depths}
        before = (4 * INPUTS, *widths)
        self.down, self.up, self.bridges = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for level, (channels, depth) in enumerate(zip(widths, depths, strict=True)):
            entry = conv_bn(before[level], channels, stride=2 if level else 1)
            blocks = (Residual(channels) for _ in range(depth))
            self.down.append(nn.Sequential(entry, nn.ReLU(inplace=True), *blocks))
        for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.bridges.append(conv_bn(deep, shallow, kernel=1))
            self.up.append(Residual(shallow))
        self.mask = nn.Conv2d(widths[0], 4, 3, padding=1)
        self.score = nn.Linear(widths[-1], 1)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Masks and scores of crops.

        Args:
            crops: (B, 5, H, W) float: RGB in [-1, 1], 0 outside the photo; this person's rough
                mask and all others' in [0, 1]; H and W multiples of 32.

        Returns:
            Logits of the person's mask (B, 1, H, W), and of the crop showing a person (B,).

        Raises:
            ValueError: the crops have another shape.
        """
        if (
            crops.ndim != 4
            or crops.shape[1] != INPUTS
            or crops.shape[2] % 32
            or crops.shape[3] % 32
        ):
            raise ValueError(
                f"expected crops (B, {INPUTS}, H, W) with sides that are multiples of 32, "
                f"got {tuple(crops.shape)}"
            )
        x, skips = F.pixel_unshuffle(crops, 2), []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        score = self.score(x.mean((2, 3)))[:, 0]
        skips.pop()
        for bridge, block in zip(self.bridges, self.up, strict=True):
            wider = F.interpolate(bridge(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = block(F.relu(wider + skips.pop(), inplace=True))
        return F.pixel_shuffle(self.mask(x), 2), score
