"""The three networks that are the project's own."""

from bgswap.networks.face_vae import FaceVAE
from bgswap.networks.mask_autoencoder import MaskAutoencoder
from bgswap.networks.person_unet import PersonUNet

__all__ = ["FaceVAE", "MaskAutoencoder", "PersonUNet"]
