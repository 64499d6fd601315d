"""The scene model's autoencoder, in AutoencoderKL's layout: a cell is 4 x 4 pixels, 4 numbers.

StableDiffusionInpaintPipeline takes no more than 4 numbers a cell; 8 x 8 pixels are not kept in
so few.

It learns in two phases. First encoder and decoder together learn to give patches back (absolute and
squared error, differences of neighbours at two scales). The latents are normalised for each
channel and disturbed a little, and halved latents are to decode to halved patches: that keeps
what is fine in the picture out of the latents' coarse part and makes them easier to learn
(Kouzelis et al., 2025; Skorokhodov et al., 2025). Then the decoder alone learns sharpness from a
patch discriminator (hinge loss), whose gradient is held to a fixed share of the other losses'.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional as F

from training.common.compiled import Compiled
from training.common.progress import Progress
from training.scene.optimizer import Muon

LATENTS, CELL, PATCH = 4, 4, 128
# Highest learning rates of the two phases.
RATE, SHARP_RATE = 3e-3, 1e-3
DISTURBED, HALVED_SHARE, SHARPNESS_SHARE = 0.1, 0.25, 0.35


def build_autoencoder(channels: tuple[int, ...] = (32, 64, 128)) -> AutoencoderKL:
    """An untrained AutoencoderKL of 4 latent channels, one cell for 4 x 4 pixels."""
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        layers_per_block=1,
        latent_channels=LATENTS,
        norm_num_groups=16,
        sample_size=256,
        scaling_factor=1.0,
        mid_block_add_attention=False,
        force_upcast=False,
    )


def build_discriminator(width: int = 48) -> nn.Sequential:
    """Patches (B, 3, H, W) to a grid of judgements, one for about 34 pixels."""
    layers, channels = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)], width
    for _ in range(2):
        layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1), nn.GroupNorm(8, 2 * channels)]
        layers, channels = [*layers, nn.LeakyReLU(0.2)], 2 * channels
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 3, 1, 1))


def picture_loss(output: Tensor, target: Tensor) -> Tensor:
    """Absolute and squared error, and those of neighbours' differences at two scales."""
    loss = F.l1_loss(output, target) + 2 * F.mse_loss(output, target)
    for scale in (1, 2):
        made, true = (F.avg_pool2d(x, scale) if scale > 1 else x for x in (output, target))
        for side in (-1, -2):
            loss = loss + 0.3 * F.l1_loss(made.diff(dim=side), true.diff(dim=side))
    return loss


class PatchTask:
    """What both phases share.

    Args:
        autoencoder: what is trained, in place.
        patches: takes a count, gives patches (count, 3, 128, 128) in [-1, 1] on the device, by
            torch's own random numbers.
        count: patches a step.
        rate: highest learning rate.
        compiled: whether torch.compile is tried.
        bfloat16: compute in bfloat16 on a CPU too; on CUDA always.
    """

    network: nn.Module
    average: nn.Module
    others: Sequence[Any] = ()

    def __init__(
        self,
        autoencoder: AutoencoderKL,
        patches: Callable[[int], Tensor],
        count: int,
        rate: float = RATE,
        compiled: bool = False,
        bfloat16: bool = False,
    ) -> None:
        self.bfloat16 = bfloat16 or autoencoder.device.type == "cuda"
        self.autoencoder, self.patches, self.count, self.rate = autoencoder, patches, count, rate
        self.step, self.device = 0, autoencoder.device
        self.encode = Compiled(lambda x: autoencoder.encode(x).latent_dist.mean, compiled)
        self.decode = Compiled(lambda z: autoencoder.decode(z).sample, compiled)
        self.compiled = [self.encode, self.decode]
        self.config = {"patches": count, "rate": rate}

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices, AdamW for the rest."""
        weights = list(self.network.parameters())
        matrices = [p for p in weights if p.ndim > 1 and min(p.shape[:2]) > 16]
        rest = [p for p in weights if not any(p is m for m in matrices)]
        fused = weights[0].device.type == "cuda"
        adam = torch.optim.AdamW(rest, self.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=fused)
        return [Muon(matrices, self.rate, 0.0), adam] if matrices else [adam]

    def batch(self, seed: int, share: float) -> Tensor:
        """Patches (count, 3, 128, 128) in [-1, 1]."""
        return self.patches(self.count).contiguous(memory_format=torch.channels_last)

    def validate(self) -> dict[str, float]:
        """Nothing: reconstructions are measured when both phases are over."""
        return {}

    def keep(self, progress: Progress) -> None:
        """Nothing: the latents that come next are made of the last weights."""

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)


class CopyTask(PatchTask):
    """The first phase: encoder and decoder learn to give patches back."""

    def __init__(self, autoencoder: AutoencoderKL, *args: Any, **others: Any) -> None:
        super().__init__(autoencoder, *args, **others)
        self.network = autoencoder

    def losses(self, network: nn.Module, batch: Tensor) -> dict[str, Tensor]:
        """Errors of the patches, and of halved ones from halved latents."""
        with self._autocast():
            z = self._latents(batch)
            noise = DISTURBED * torch.rand(len(z), 1, 1, 1, device=z.device)
            output = self.decode(z + noise * torch.randn_like(z)).float()
            halved = self.decode(F.avg_pool2d(z, 2)).float()
        picture = picture_loss(output, batch)
        small = picture_loss(halved, F.avg_pool2d(batch, 2))
        return {"total": picture + HALVED_SHARE * small, "picture": picture, "halved": small}

    def _latents(self, pictures: Tensor) -> Tensor:
        """Latents of mean 0 and spread 1 in each channel over this batch."""
        z = self.encode(pictures).float()
        spread, mean = torch.std_mean(z, (0, 2, 3), keepdim=True)
        return (z - mean) / (spread + 1e-4)

    @torch.no_grad()
    def normalise(self) -> None:
        """From now on the encoder gives latents of mean 0 and spread 1, as the decoder got them."""
        parts = [self.autoencoder.encode(self.patches(16)).latent_dist.mean for _ in range(16)]
        spread, mean = torch.std_mean(torch.cat(parts).float(), (0, 2, 3))
        into = self.autoencoder.quant_conv
        into.weight[:LATENTS] /= spread[:, None, None, None]
        into.bias[:LATENTS] = (into.bias[:LATENTS] - mean) / spread
        into.weight[LATENTS:], into.bias[LATENTS:] = 0.0, -20.0


class SharpTask(PatchTask):
    """The second phase: the decoder against a discriminator; its average is what is kept.

    Args:
        autoencoder: what is trained, in place; the encoder is not.
        share: norm of the discriminator's gradient, as a share of the other losses'.
        patches, count, rate, others: see :class:`PatchTask`.
    """

    def __init__(
        self,
        autoencoder: AutoencoderKL,
        patches: Callable[[int], Tensor],
        count: int,
        rate: float = SHARP_RATE,
        share: float = SHARPNESS_SHARE,
        **others: Any,
    ) -> None:
        super().__init__(autoencoder, patches, count, rate, **others)
        self.share = share
        self.config["share"] = share
        self.network = nn.ModuleList([autoencoder.post_quant_conv, autoencoder.decoder])
        self.judge = build_discriminator().to(self.device)
        self.judging = torch.optim.AdamW(self.judge.parameters(), 4e-4, betas=(0.5, 0.9))
        self.others = [self.judge, self.judging]

    def losses(self, network: nn.Module, batch: Tensor) -> dict[str, Tensor]:
        """The patches' errors, with the discriminator's gradient beside their own.

        The discriminator makes its own step here.
        """
        with self._autocast():
            with torch.no_grad():
                z = self.encode(batch).float()
            noise = DISTURBED * torch.rand(len(z), 1, 1, 1, device=z.device)
            output = self.decode(z + noise * torch.randn_like(z))
            shown = output.detach().float().requires_grad_()
            self.judging.zero_grad()
            real, made = self.judge(batch), self.judge(shown.detach())
            hinge = F.relu(1 - real).mean() + F.relu(1 + made).mean()
            hinge.backward()
            self.judging.step()
            picture = picture_loss(shown, batch)
            plain = torch.autograd.grad(picture, shown)[0]
            sharp = torch.autograd.grad(-self.judge(shown).mean(), shown)[0]
        share = self.share * min(1, self.step / 100) * plain.norm() / (sharp.norm() + 1e-9)
        carried = (output.float() * (plain + share * sharp)).sum()
        # Its value is the picture loss, its gradient the one that was put together.
        total = picture.detach() + carried - carried.detach()
        return {"total": total, "discriminator": hinge}

    def take_average(self) -> None:
        """Set the decoder's weights to their moving average."""
        self.network.load_state_dict(self.average.state_dict())


def psnr(output: Tensor, target: Tensor) -> str:
    """The mean PSNR of a batch in [-1, 1], in words."""
    errors = (output.detach().clamp(-1, 1) - target).square().mean((1, 2, 3)) / 4
    return f"PSNR {(-10 * errors.log10()).mean().item():.2f} dB"
