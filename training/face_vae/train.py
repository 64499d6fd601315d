"""Train the face VAE on CelebA or any folder or zip of faces.

    python -m training face_vae train --data datasets/faces.zip --out runs/face-vae --degrade 0.5 \\
        --epochs 8 --learning-rate 0.0006 --schedule cosine
    accelerate launch --num_processes 2 -m training face_vae train --data datasets/faces.zip

Out come ``vae_celeba.pth`` (state dict), ``hub/`` (config.json, model.safetensors, README.md),
curves, sheets of reconstructions and of samples from the prior, and metrics.json. The network
begins as a principal component analysis (:mod:`training.face_vae.pca_init`). The first command
took 25 minutes with 5,109 faces, beside other work on two cores, and ended at a validation error
(MSE) of 0.0028.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from bgswap.io.tensors import images_to_tensor
from bgswap.networks import FaceVAE
from training.common.console import shown
from training.common.data import SkipBroken, add_skip_flag
from training.common.export import save_hub_folder
from training.common.facts import RunFacts
from training.common.flags import add_flags
from training.common.initialise import he_initialise
from training.common.loop import command_parser, train_command
from training.common.losses import vae_losses
from training.common.tasks import LoopSettings
from training.face_vae.face_sheets import sample, write_sheet
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import Faces, to_side
from training.face_vae.pca_init import begin_as_pca

DEFAULT_KL_WEIGHT = 0.1
FACES_TO_BEGIN_WITH = 5000
# Steps of the warm-up. After a start as principal components the second step's loss was 166 times
# the first without one; with 100 or 200 steps the largest of ten was 1.08 and 1.05 times the first.
WARMUP = 200
# Defaults that differ from the command's own.
RECIPES: dict[str, dict[str, object]] = {
    "default": {},
    "seed": {
        "begin": "random",
        "kl_weight": 1.0,
        "schedule": "constant",
        "warmup": 0,
        "epochs": 20,
    },
}


class FaceTask:
    """What :func:`training.common.loop.train` needs to know about the face VAE."""

    weights_name = "vae_celeba.pth"

    def __init__(
        self,
        data: Path,
        latent: int,
        kl_weight: float,
        degraded: float,
        download: bool,
        seed: int,
        kl_warmup: int = 0,
        begin: str = "random",
        skip_broken: int = 0,
        holed: float = 0.0,
    ) -> None:
        if not (0 <= degraded <= 1 and 0 <= holed <= 1) or kl_weight < 0:
            raise ValueError(
                "degrade and inpaint must be from 0 to 1 and kl-weight 0 or more, "
                f"got {degraded}, {holed}, {kl_weight}"
            )
        if kl_warmup < 0:
            raise ValueError(f"kl-warmup must be 0 or more, got {kl_warmup}")
        torch.manual_seed(seed)
        cv2.setNumThreads(1)
        self.step = 0
        self.network = he_initialise(FaceVAE(latent=latent))
        skip = SkipBroken(skip_broken)
        known, held_out = (open_faces(data, part, download, skip) for part in ("train", "val"))
        self.training = Faces(known, seed, degraded, mirror=True, holed=holed)
        self.validation = Faces(held_out, seed)
        self.data = [known.facts({"train": len(known), "val": len(held_out)})]
        self.kl_weight, self.kl_warmup = kl_weight, kl_warmup
        self.config = {
            "network": "face-vae",
            "latent": latent,
            "kl_weight": kl_weight,
            "kl_warmup": kl_warmup,
            "degraded_share": degraded,
            "inpaint_share": holed,
            "begin": begin,
            "faces": len(self.training),
        }

    def begin(self) -> None:
        """Let the network begin as a principal component analysis of the clean faces."""
        count = len(self.training.pictures)
        numbers = np.linspace(0, count - 1, min(count, FACES_TO_BEGIN_WITH)).round().astype(int)
        chosen = shown(numbers, "faces to begin with")
        faces = images_to_tensor([to_side(self.training.pictures[int(n)]) for n in chosen])
        begin_as_pca(self.network, faces, self.kl_weight)

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Named losses of pairs (B, 3, 64, 64): shown, clean."""
        shown, clean = batch
        made, mu, logvar = network(shown)
        # Validation losses are of one kind from the first epoch to the last.
        risen = min(1.0, self.step / self.kl_warmup) if self.kl_warmup and network.training else 1.0
        return vae_losses(made, clean, mu, logvar, risen * self.kl_weight)

    def draw_samples(self, network: FaceVAE, folder: Path) -> None:
        """Sheets of reconstructions and restorations, and of samples from the prior."""
        count = min(16, len(self.validation))
        clean = torch.stack([self.validation[n][1] for n in range(count)])
        worse = Faces(self.validation.pictures, self.validation.seed, degraded=1.0)
        degraded = torch.stack([worse[n][0] for n in range(count)])
        device = next(network.parameters()).device
        with torch.inference_mode():
            made, restored = (network(x.to(device))[0].cpu() for x in (clean, degraded))
        write_sheet([clean, made, degraded, restored], folder / "reconstructions.png")
        write_sheet(sample(network, 4 * count, seed=0).split(count), folder / "samples.png")

    def finish(self, network: FaceVAE, run: Path, facts: RunFacts) -> None:
        """The sheets, and the Hub folder."""
        self.draw_samples(network, run)
        save_hub_folder(network, run / "hub", "face-vae", facts)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("face_vae train", __doc__)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        help="folder or zip of faces (in train/ and val/, else every twentieth is held out), "
        "CelebA in torchvision's, Kaggle's or its own layout, or hf:OWNER/NAME",
    )
    add("--download", action="store_true", help="let torchvision fetch CelebA into --data")
    add("--latent", type=int, default=512, help="dimensions of the latent Gaussian")
    add(
        "--kl-weight",
        type=float,
        default=DEFAULT_KL_WEIGHT,
        help="of the KL divergence (summed over dimensions) beside the squared error (summed over "
        "a face's values); 0 is a plain autoencoder, 5 a blur",
    )
    add(
        "--kl-warmup",
        type=int,
        default=0,
        metavar="STEPS",
        help="steps over which the weight of the KL divergence rises from 0",
    )
    add(
        "--recipe",
        choices=sorted(RECIPES),
        default="default",
        help="seed: random first weights, KL weight 1, a constant learning rate, 20 epochs; what "
        "other flags say comes first",
    )
    add(
        "--begin",
        choices=("pca", "random"),
        default="pca",
        help="first weights: a principal component analysis of the faces, or random ones",
    )
    add("--degrade", type=float, default=0.0, help="share of inputs to degrade, 0 to 1")
    add(
        "--inpaint",
        type=float,
        default=0.0,
        help="share of inputs, 0 to 1, that lack a part of the face, which is to be filled",
    )
    add_skip_flag(parser)
    defaults = LoopSettings(
        out=Path("runs/face-vae"), epochs=20, batch=64, learning_rate=0.001, warmup=WARMUP
    )
    add_flags(parser, defaults)
    return parser


def task_from(args: argparse.Namespace) -> FaceTask:
    """The task that the flags ask for."""
    begin = "trained" if args.start_from else args.begin
    task = FaceTask(
        args.data,
        args.latent,
        args.kl_weight,
        args.degrade,
        args.download,
        args.seed,
        args.kl_warmup,
        begin,
        args.skip_broken,
        args.inpaint,
    )
    if begin == "pca" and not (args.resume or args.more_epochs):
        task.begin()
    return task


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    flags = parser()
    # A recipe gives defaults: known before the flags that may differ from it are read.
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--recipe", default="default")
    recipe = first.parse_known_args(arguments)[0].recipe
    flags.set_defaults(**RECIPES.get(recipe, {}))
    return train_command(flags, task_from, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
