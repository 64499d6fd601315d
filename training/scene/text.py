"""The scene model's tokenizer of whole words and small CLIP text model.

Before the diffusion model, the text model is pretrained for a minute or two to predict the class of
the scene and its latents averaged to 8 x 8 cells. The diffusion model then starts from meaningful
prompt embeddings.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from training.common.compiled import Compiled
from training.common.progress import Progress
from training.scene.captions import UNKNOWN, vocabulary

LENGTH = 24
PAD, BEGIN, END = "<pad>", "<|startoftext|>", "<|endoftext|>"


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Words of the captions' vocabulary, one token each; any other word is the unknown token."""
    vocab = {word: i for i, word in enumerate([PAD, BEGIN, END, UNKNOWN, *vocabulary()])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation(behavior="removed"), pre_tokenizers.WhitespaceSplit()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}",
        special_tokens=[(BEGIN, vocab[BEGIN]), (END, vocab[END])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LENGTH,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        unk_token=UNKNOWN,
    )


def build_text_encoder(tokens: int, width: int = 256, layers: int = 2) -> CLIPTextModel:
    """A CLIP text model of a few layers, with causal attention as in CLIP."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=tokens,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=width,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            attention_dropout=0.0,
        )
    )


def tokenize(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Tensor:
    """Texts to (B, LENGTH) token ids, padded and truncated as in the pipeline."""
    return tokenizer(
        texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    ).input_ids


class TextTask:
    """Teaches the text model what its words look like, in place.

    Args:
        encoder: what to train.
        sample: takes a count, gives token numbers (count, LENGTH), latents (count, 4, 64, 64) and
            classes (count,), by torch's own random numbers.
        kinds: how many classes there are.
        count: captions a step.
    """

    average: nn.Module
    compiled: Sequence[Compiled] = ()
    others: Sequence[Any] = ()

    def __init__(
        self,
        encoder: CLIPTextModel,
        sample: Callable[[int], tuple[Tensor, Tensor, Tensor]],
        kinds: int,
        count: int = 64,
    ) -> None:
        width = encoder.config.hidden_size
        parts = {"picture": nn.Linear(width, 4 * 64), "kind": nn.Linear(width, kinds)}
        self.network = nn.ModuleDict({"encoder": encoder, **parts}).to(encoder.device)
        self.sample, self.count, self.step = sample, count, 0
        self.config = {"captions": count}

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW."""
        return [torch.optim.AdamW(self.network.parameters(), lr=1e-3, weight_decay=0.01)]

    def batch(self, seed: int, share: float) -> tuple[Tensor, Tensor, Tensor]:
        """Captions with the latents and the class of their pictures."""
        return self.sample(self.count)

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        """Errors of a picture of 8 x 8 cells and of the class, from the mean over the words."""
        tokens, latents, classes = batch
        meaning = network["encoder"](tokens).last_hidden_state.mean(1)
        seen = F.avg_pool2d(latents.float(), latents.shape[-1] // 8).flatten(1)
        picture = F.mse_loss(network["picture"](meaning), seen)
        kind = F.cross_entropy(network["kind"](meaning), classes)
        return {"total": picture + 0.3 * kind, "picture": picture, "class": kind}

    def validate(self) -> dict[str, float]:
        """Nothing: it is only a beginning."""
        return {}

    def keep(self, progress: Progress) -> None:
        """Nothing: the diffusion stage goes on with the encoder as it is."""
