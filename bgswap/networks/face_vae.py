"""A variational autoencoder for 64 x 64 faces (Kingma and Welling, 2014)."""

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

SIDE = 64


class FaceVAE(nn.Module, PyTorchModelHubMixin, library_name="bgswap"):
    """Convolutional encoder to a Gaussian of ``latent`` dimensions, and a decoder back.

    Raises:
        ValueError: ``latent`` is not a whole number from 1 to 4096.
    """

    def __init__(self, latent: int = 512) -> None:
        super().__init__()
        if type(latent) is not int or not 1 <= latent <= 4096:
            raise ValueError(f"latent must be a whole number from 1 to 4096, got {latent!r}")
        self.latent = latent
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 128, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
        )
        self.to_mu = nn.Linear(128 * 8 * 8, latent)
        self.to_logvar = nn.Linear(128 * 8 * 8, latent)
        self.from_latent = nn.Linear(latent, 128 * 8 * 8)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, 3, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def encode(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 64, 64) RGB in [0, 1] to mean and log variance, (B, latent) each.

        Raises:
            ValueError: the faces have another shape.
        """
        if faces.ndim != 4 or faces.shape[1:] != (3, SIDE, SIDE):
            raise ValueError(f"expected faces (B, 3, {SIDE}, {SIDE}), got {tuple(faces.shape)}")
        hidden = self.encoder(faces)
        return self.to_mu(hidden), self.to_logvar(hidden)

    def decode(self, z: Tensor) -> Tensor:
        """(B, latent) to (B, 3, 64, 64) RGB in [0, 1]."""
        return self.decoder(self.from_latent(z).view(-1, 128, 8, 8))

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct faces.

        Args:
            faces: (B, 3, 64, 64) float RGB in [0, 1].

        Returns:
            ``(reconstruction, mu, logvar)``: (B, 3, 64, 64) in [0, 1], and (B, latent) twice.
            While training, z is drawn from the Gaussian; in eval mode z = mu.
        """
        mu, logvar = self.encode(faces)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu) if self.training else mu
        return self.decode(z), mu, logvar
