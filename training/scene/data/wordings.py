"""Captions of all pictures in many wordings, as token ids."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from torch import Tensor

from training.scene.captions import scene_caption, studio_caption
from training.scene.data.part_store import STUDIO
from training.scene.light import GRADES
from training.scene.nouns import ALWAYS, INDOORS
from training.scene.text import build_tokenizer, tokenize

# Numbers of wordings of an unchanged picture, of versions under another light, and of wordings of
# each of those.
PLAIN, LIT, EACH = 16, 2, 8
LIGHTS = tuple(GRADES)


def choose_lights(kinds: list[str], seed: int) -> np.ndarray:
    """(N, LIT) indices of :data:`LIGHTS`, -1 where a picture is not regraded."""
    rng = np.random.default_rng(seed)
    inside = [LIGHTS.index(name) for name in ("golden", "night", "cold")]
    lights = rng.integers(len(LIGHTS), size=(len(kinds), LIT))
    for i, kind in enumerate(kinds):
        if kind == STUDIO or "night" in ALWAYS.get(kind, ()) or kind in ("sunset", "night_sky"):
            lights[i] = -1
        elif kind in INDOORS:
            lights[i] = rng.choice(inside, LIT)
    return lights


def _reword(task: tuple[list[str], list[list[str]], np.ndarray, int]) -> np.ndarray:
    """Token ids (n, PLAIN + LIT * EACH, LENGTH) int16 of some pictures."""
    kinds, said, lights, seed = task
    rng, texts = np.random.default_rng(seed), []
    for kind, attributes, lit in zip(kinds, said, lights, strict=True):
        if kind == STUDIO:
            texts += [studio_caption(*attributes, rng) for _ in range(PLAIN + LIT * EACH)]
            continue
        texts += [scene_caption(kind, set(attributes), rng) for _ in range(PLAIN)]
        for light in lit:
            kept = {"snow", "autumn", "rain", "blurred"} & set(attributes)
            words = set(attributes) if light < 0 else kept | {LIGHTS[light]}
            texts += [scene_caption(kind, words, rng) for _ in range(EACH)]
    tokens = tokenize(build_tokenizer(), texts).to(torch.int16).numpy()
    return tokens.reshape(len(kinds), PLAIN + LIT * EACH, -1)


def word_table(
    kinds: list[str], said: list[list[str]], lights: np.ndarray, seed: int, workers: int = 0
) -> Callable[[], Tensor]:
    """Start writing captions; the returned function waits for the table and returns it.

    The table is (N, PLAIN + LIT * EACH, LENGTH) int16 token ids.

    Args:
        kinds: classes.
        said: see :class:`training.scene.data.part_store.Pictures`.
        lights: see :func:`choose_lights`.
        seed: of the random generators.
        workers: background processes; 0: work in the returned function.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    starts = range(0, len(kinds), 500)
    tasks = [(kinds[i : i + 500], said[i : i + 500], lights[i : i + 500], seed + i) for i in starts]
    if workers < 1:
        return lambda: torch.from_numpy(np.concatenate([_reword(task) for task in tasks]))
    pool = ProcessPoolExecutor(workers, get_context("spawn"))
    parts = pool.map(_reword, tasks)
    return lambda: torch.from_numpy(np.concatenate(list(parts)))
