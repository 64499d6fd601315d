"""The scene model's text side: a tokenizer of whole words and a small CLIP text model.

Before the diffusion model is trained, the text model learns on its own, in a minute or two, what
each wording looks like on average: the class of the scene and a picture of 8 x 8 cells. The
diffusion model then starts from prompts that already lie where their meanings do.
"""

import logging
from collections.abc import Callable

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from training.scene.captions import UNKNOWN, vocabulary

log = logging.getLogger(__name__)
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
    """A CLIP text model of a few layers; its tokens see each other as in CLIP, left to right."""
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
    """Texts to (B, LENGTH) token numbers, padded and cut as the pipeline does it."""
    return tokenizer(
        texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    ).input_ids


def pretrain_text(
    encoder: CLIPTextModel,
    sample: Callable[[int], tuple[Tensor, Tensor, Tensor]],
    kinds: int,
    steps: int,
    batch: int = 64,
) -> float:
    """Teach the text model what its words look like, in place.

    Args:
        encoder: what to train.
        sample: takes a count, gives token numbers (count, LENGTH), latents (count, 4, 64, 64) and
            classes (count,).
        kinds: how many classes there are.
        steps: how many batches.
        batch: captions in each.

    Returns:
        The mean loss of the last steps.
    """
    width = encoder.config.hidden_size
    heads = nn.ModuleDict({"picture": nn.Linear(width, 4 * 64), "kind": nn.Linear(width, kinds)})
    heads.to(encoder.device)
    weights = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, max(steps, 20), pct_start=0.1)
    seen = 0.0
    for step in range(steps):
        tokens, latents, classes = sample(batch)
        meaning = encoder(tokens).last_hidden_state.mean(1)
        picture = F.avg_pool2d(latents.float(), latents.shape[-1] // 8).flatten(1)
        loss = F.mse_loss(heads["picture"](meaning), picture)
        loss = loss + 0.3 * F.cross_entropy(heads["kind"](meaning), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        seen = loss.item() if not step else 0.98 * seen + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            log.info("text: %d of %d steps, loss %.4f", step + 1, steps, seen)
    return seen
