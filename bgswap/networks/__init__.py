"""The project's own networks."""

from bgswap.networks.center_face import CenterFace
from bgswap.networks.convolutional_autoencoder import MaskAutoencoder
from bgswap.networks.face_vae import FaceVAE
from bgswap.networks.matting_unet import MattingUNet
from bgswap.networks.person_unet import PersonUNet

__all__ = ["CenterFace", "FaceVAE", "MaskAutoencoder", "MattingUNet", "PersonUNet"]
