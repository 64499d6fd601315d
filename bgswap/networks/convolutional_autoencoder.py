"""A convolutional autoencoder that turns a detector's rough mask into a clean one."""

from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn


class MaskAutoencoder(nn.Module, PyTorchModelHubMixin, library_name="bgswap"):
    """Three strided convolutions down, three transposed convolutions up.

    Args:
        side: the side in pixels of the square crops it was trained on. The network itself takes
            any size; the refiner scales each person's crop to this side, because the receptive
            field is only about 15 pixels in each direction.

    Raises:
        ValueError: ``side`` is not a multiple of 8 from 8 to 1024.
    """

    def __init__(self, side: int = 128) -> None:
        super().__init__()
        if type(side) is not int or not 8 <= side <= 1024 or side % 8:
            raise ValueError(f"side must be a multiple of 8 from 8 to 1024, got {side!r}")
        self.side = side
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 128, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def forward(self, masks: Tensor) -> Tensor:
        """Clean up masks.

        Args:
            masks: (B, 1, H, W) float in [0, 1]; H and W multiples of 8.

        Returns:
            (B, 1, H, W) float in [0, 1], the probability that a pixel belongs to the person.

        Raises:
            ValueError: the masks have another shape.
        """
        if masks.ndim != 4 or masks.shape[1] != 1 or masks.shape[2] % 8 or masks.shape[3] % 8:
            raise ValueError(
                f"expected masks (B, 1, H, W) with sides that are multiples of 8, "
                f"got {tuple(masks.shape)}"
            )
        return self.decoder(self.encoder(masks))
