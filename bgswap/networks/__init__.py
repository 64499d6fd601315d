"""The two networks that are the project's own."""

from bgswap.networks.face_vae import FaceVAE
from bgswap.networks.mask_autoencoder import MaskAutoencoder

__all__ = ["FaceVAE", "MaskAutoencoder"]
