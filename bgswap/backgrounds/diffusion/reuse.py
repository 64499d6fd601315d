"""Encodings of texts and pictures that a pipeline computes once, for all seeds and scenes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from hashlib import blake2b
from typing import Any

from torch import Tensor

from bgswap.backgrounds.diffusion import Pipeline

# Results that are kept: a few prompts with and without guidance, and the canvases of a few photos,
# beside two for each tile of a second pass. Together they are some megabytes.
KEPT = 24


def reuse_encodings(pipe: Pipeline) -> None:
    """Let a pipeline reuse the encodings of texts and pictures that it has encoded before.

    Replaces the methods ``encode_prompt`` of the pipeline and ``encode`` of its autoencoder. Where
    the autoencoder gives a distribution, each seed draws its own sample from it as before: the
    scenes are the same as without reuse.
    """
    pipe.encode_prompt = _remembering(pipe.encode_prompt)
    pipe.vae.encode = _remembering(pipe.vae.encode)


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    known: OrderedDict[Hashable, Any] = OrderedDict()

    @wraps(function)
    def remembering(*arguments: Any, **options: Any) -> Any:
        # A copy of lists: pipelines write the formatted prompt into the list that they get.
        key = tuple(_key(value) for value in (*arguments, *sorted(options.items())))
        if key not in known:
            known[key] = function(*arguments, **options)
            while len(known) > KEPT:
                known.popitem(last=False)
        known.move_to_end(key)
        return known[key]

    return remembering


def _key(value: Any) -> Hashable:
    """What tells arguments apart: the bytes of tensors, the text of all else."""
    if isinstance(value, tuple):
        return tuple(_key(part) for part in value)
    if isinstance(value, Tensor):
        data = value.detach().float().cpu().contiguous().numpy()
        return (str(value.dtype), value.shape, blake2b(data.tobytes()).digest())
    return repr(value)
