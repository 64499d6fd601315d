"""How the decoder alone learns sharpness, from a patch discriminator.

On patches of photographs the decoder keeps the losses of the autoencoder's first phase
(:mod:`training.scene.autoencoder`). What the UNet paints is smoother than what the encoder gives:
on painted latents the decoder is held only to its earlier picture at half the size, so that the
fine detail comes from the discriminator. The discriminator is shown only the high frequencies:
painted scenes have stronger colors than photographs, by which it would otherwise tell them apart.
"""

from collections.abc import Callable
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional as F

from training.scene.autoencoder import DISTURBED, PatchTask, picture_loss
from training.scene.painted import Painted

# Highest learning rate; norm of the discriminator's gradient as a share of the other losses'.
RATE, SHARE = 1e-3, 0.35


def build_discriminator(width: int = 48) -> nn.Sequential:
    """Patches (B, 3, H, W) to a grid of judgements, one for about 34 pixels."""
    layers, channels = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)], width
    for _ in range(2):
        layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1), nn.GroupNorm(8, 2 * channels)]
        layers, channels = [*layers, nn.LeakyReLU(0.2)], 2 * channels
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 3, 1, 1))


def details(pictures: Tensor) -> Tensor:
    """The high frequencies of pictures (B, 3, H, W): less their mean over 4 x 4 pixels."""
    coarse = F.avg_pool2d(pictures, 4)
    return pictures - F.interpolate(coarse, scale_factor=4.0, mode="bilinear")


class SharpTask(PatchTask):
    """The decoder against a discriminator; its average is what is kept.

    Args:
        autoencoder: what is trained, in place; the encoder is not.
        share: norm of the discriminator's gradient, as a share of the other losses'.
        painted: where given, each step has as many painted patches as patches of photographs.
        patches, count, rate, others: see :class:`PatchTask`.
    """

    def __init__(
        self,
        autoencoder: AutoencoderKL,
        patches: Callable[[int], Tensor],
        count: int,
        rate: float = RATE,
        share: float = SHARE,
        painted: Painted | None = None,
        **others: Any,
    ) -> None:
        super().__init__(autoencoder, patches, count, rate, **others)
        self.share, self.painted = share, painted
        self.config |= {"share": share, "painted": len(painted.latents) if painted else 0}
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
            z, halved = self._with_painted(z + noise * torch.randn_like(z), batch.shape[-1])
            output = self.decode(z)
            shown = output.detach().float().requires_grad_()
            hinge = self._judge(batch, shown.detach())
            picture = picture_loss(shown[: len(batch)], batch)
            if halved is not None:
                picture = picture + picture_loss(F.avg_pool2d(shown[len(batch) :], 2), halved)
            plain = torch.autograd.grad(picture, shown)[0]
            sharp = torch.autograd.grad(-self.judge(details(shown)).mean(), shown)[0]
        share = self.share * min(1, self.step / 100) * plain.norm() / (sharp.norm() + 1e-9)
        carried = (output.float() * (plain + share * sharp)).sum()
        # Its value is the picture loss, its gradient the one that was put together.
        total = picture.detach() + carried - carried.detach()
        return {"total": total, "discriminator": hinge}

    def _with_painted(self, latents: Tensor, side: int) -> tuple[Tensor, Tensor | None]:
        """Latents with as many painted ones, and the halved pictures of those."""
        if self.painted is None:
            return latents, None
        painted, halved = self.painted.patches(len(latents), side)
        return torch.cat([latents, painted.to(latents)]), halved.to(latents)

    def _judge(self, true: Tensor, made: Tensor) -> Tensor:
        """One step of the discriminator; its loss."""
        self.judging.zero_grad()
        real, false = self.judge(details(true)), self.judge(details(made))
        hinge = F.relu(1 - real).mean() + F.relu(1 + false).mean()
        hinge.backward()
        self.judging.step()
        return hinge

    def take_average(self) -> None:
        """Set the decoder's weights to their moving average."""
        self.network.load_state_dict(self.average.state_dict())
