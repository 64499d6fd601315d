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

import logging
from collections.abc import Callable

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional as F

from training.scene.clock import Clock
from training.scene.optimizer import Compiled, Muon, guarded

log = logging.getLogger(__name__)
LATENTS, CELL, PATCH = 4, 4, 128
DISTURBED, HALVED_SHARE, SHARPNESS_SHARE = 0.1, 0.25, 0.35
AVERAGE = 0.998


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


class AutoencoderTrainer:
    """Both phases and what they need.

    Args:
        autoencoder: what is trained, in place.
        patches: takes a count, gives patches (count, 3, 128, 128) in [-1, 1] on the device.
        batch: patches a step.
        rate: highest learning rate.
        compile_it: whether torch.compile is tried.
    """

    def __init__(
        self,
        autoencoder: AutoencoderKL,
        patches: Callable[[int], Tensor],
        batch: int,
        rate: float = 3e-3,
        compile_it: bool = False,
    ) -> None:
        self.autoencoder, self.patches, self.batch, self.rate = autoencoder, patches, batch, rate
        self.device = autoencoder.device
        self._encode = Compiled(self._raw_latents, compile_it)
        self._decode = Compiled(lambda z: autoencoder.decode(z).sample, compile_it)

    def _raw_latents(self, pictures: Tensor) -> Tensor:
        return self.autoencoder.encode(pictures).latent_dist.mean

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def _latents(self, pictures: Tensor) -> Tensor:
        """Latents of mean 0 and spread 1 in each channel over this batch."""
        z = self._encode(pictures).float()
        spread, mean = torch.std_mean(z, (0, 2, 3), keepdim=True)
        return (z - mean) / (spread + 1e-4)

    def learn(self, clock: Clock) -> None:
        """The first phase; then the normalisation becomes part of the weights."""
        weights = list(self.autoencoder.parameters())
        optimizers = _optimizers(weights, self.rate)
        while clock.going():
            pictures = self.patches(self.batch).contiguous(memory_format=torch.channels_last)
            guarded(lambda x=pictures: self._copy_step(x, clock), self._encode, self._decode)
            _step(optimizers, weights, self.rate, clock)
        self.normalise()

    def _copy_step(self, pictures: Tensor, clock: Clock) -> None:
        """Gradients of one batch in the first phase."""
        with self._autocast():
            z = self._latents(pictures)
            noise = DISTURBED * torch.rand(len(z), 1, 1, 1, device=z.device)
            output = self._decode(z + noise * torch.randn_like(z)).float()
            halved = self._decode(F.avg_pool2d(z, 2)).float()
        recon = picture_loss(output, pictures)
        loss = recon + HALVED_SHARE * picture_loss(halved, F.avg_pool2d(pictures, 2))
        loss.backward()
        if clock.step % 100 == 0:
            log.info("autoencoder: %s, loss %.4f, %s", clock, recon.item(), psnr(output, pictures))

    @torch.no_grad()
    def normalise(self) -> None:
        """From now on the encoder gives latents of mean 0 and spread 1, as the decoder got them."""
        parts = [self._raw_latents(self.patches(16)).float() for _ in range(16)]
        spread, mean = torch.std_mean(torch.cat(parts), (0, 2, 3))
        into = self.autoencoder.quant_conv
        into.weight[:LATENTS] /= spread[:, None, None, None]
        into.bias[:LATENTS] = (into.bias[:LATENTS] - mean) / spread
        into.weight[LATENTS:], into.bias[LATENTS:] = 0.0, -20.0

    def sharpen(self, clock: Clock) -> None:
        """The second phase: the decoder against a discriminator; its average is what is kept."""
        decoder = nn.ModuleList([self.autoencoder.post_quant_conv, self.autoencoder.decoder])
        weights, judge = list(decoder.parameters()), build_discriminator().to(self.device)
        average = [weight.detach().clone() for weight in weights]
        optimizers = _optimizers(weights, self.rate / 3)
        judging = torch.optim.AdamW(judge.parameters(), 4e-4, betas=(0.5, 0.9))
        while clock.going():
            pictures = self.patches(self.batch).contiguous(memory_format=torch.channels_last)
            guarded(lambda x=pictures: self._sharp_step(x, judge, judging, clock), self._decode)
            _step(optimizers, weights, self.rate / 3, clock)
            with torch.no_grad():
                kept = min(AVERAGE, (1 + clock.step) / (10 + clock.step))
                torch._foreach_lerp_(average, weights, 1 - kept)
        with torch.no_grad():
            torch._foreach_copy_(weights, average)

    def _sharp_step(
        self, pictures: Tensor, judge: nn.Module, judging: torch.optim.Optimizer, clock: Clock
    ) -> None:
        """The discriminator's step and the decoder's gradients of one batch."""
        with self._autocast():
            with torch.no_grad():
                z = self._raw_latents(pictures).float()
            noise = DISTURBED * torch.rand(len(z), 1, 1, 1, device=z.device)
            output = self._decode(z + noise * torch.randn_like(z))
            shown = output.detach().float().requires_grad_()
            judging.zero_grad()
            real, made = judge(pictures), judge(shown.detach())
            (F.relu(1 - real).mean() + F.relu(1 + made).mean()).backward()
            judging.step()
            plain = torch.autograd.grad(picture_loss(shown, pictures), shown)[0]
            sharp = torch.autograd.grad(-judge(shown).mean(), shown)[0]
        share = SHARPNESS_SHARE * min(1, clock.made / 100) * plain.norm() / (sharp.norm() + 1e-9)
        output.backward((plain + share * sharp).to(output.dtype))
        if clock.step % 100 == 0:
            log.info("decoder: %s, %s", clock, psnr(output.float(), pictures))


def psnr(output: Tensor, target: Tensor) -> str:
    """The mean PSNR of a batch in [-1, 1], in words."""
    errors = (output.detach().clamp(-1, 1) - target).square().mean((1, 2, 3)) / 4
    return f"PSNR {(-10 * errors.log10()).mean().item():.2f} dB"


def _optimizers(weights: list[nn.Parameter], rate: float) -> list[torch.optim.Optimizer]:
    matrices = [p for p in weights if p.ndim > 1 and min(p.shape[:2]) > 16]
    rest = [p for p in weights if not any(p is m for m in matrices)]
    fused = weights[0].device.type == "cuda"
    adam = torch.optim.AdamW(rest, rate, betas=(0.9, 0.99), weight_decay=0.0, fused=fused)
    return [Muon(matrices, rate, 0.0), adam] if matrices else [adam]


def _step(
    optimizers: list[torch.optim.Optimizer],
    weights: list[nn.Parameter],
    rate: float,
    clock: Clock,
) -> None:
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (clock.step + 1) / 50) * max(1 - clock.done, 0.01)
        optimizer.step()
        optimizer.zero_grad()
