"""Synthetic captions from the class of a scene and attributes measured on its pixels.

A caption is one of many wordings: a synonym of the class, some of the attributes, some filler. The
vocabulary is the set of all words in these tables, so that the tokenizer knows exactly the words
that the model was trained on.
"""

import re

import numpy as np

from training.scene.light import GRADES
from training.scene.nouns import (
    ALWAYS,
    HOME,
    INDOORS,
    LEAFY,
    NOT_MEASURED,
    NOUNS,
    ROOM_WORDS,
    SNOWY,
)

# Attributes that can be measured, and their wordings.
PHRASES = {
    "bright": "bright, in bright light, bright daylight, light, well lit, in daylight",
    "dark": "dark, dim light, low light, gloomy, moody, in the dark",
    "night": "at night, night, by night, in the night, midnight, late at night, moonlight",
    "warm": "warm light, warm, warm colors, in warm light, warm tones",
    "cold": "cold light, cold, cool light, blue light, cold colors, cool tones",
    "golden": "golden light, golden hour, warm golden light, golden, in golden light, sunlit, "
    "at golden hour",
    "sunset": "at sunset, sunset, at dusk, at dawn, at sunrise, in the evening, sunset light, "
    "orange sky, glowing sky, red sky",
    "dusk": "at dusk, dusk, twilight, in the evening, blue hour, at twilight, after sunset",
    "misty": "misty, foggy, in fog, hazy, mist, fog, in the mist, morning mist",
    "blue_sky": "blue sky, under a blue sky, clear sky, sunny day, sunny, clear day, sunshine",
    "overcast": "overcast, grey sky, gray sky, cloudy, cloudy day, under a cloudy sky",
    "rain": "in rain, rainy, rain, in the rain, rainy day, wet",
    "snow": "snow, snowy, winter, in winter, snow covered, covered in snow, in the snow",
    "autumn": "autumn, fall, autumn leaves, autumn colors, in autumn, fall foliage, orange leaves",
    "green": "green, lush, lush green, summer, in summer, spring, leafy",
    "colorful": "colorful, vivid, vibrant, vivid colors, colourful",
    "blurred": "blurred background, blurry, out of focus, bokeh, soft focus, depth of field",
}
STUDIO_NOUNS = (
    "studio, studio, studio backdrop, background, backdrop, wall, studio background, seamless "
    "paper, photo studio, plain background, plain studio, solid color, empty background"
)
STYLE_WORDS = {
    "plain": "plain, plain, simple, clean, solid, empty, minimal, flat, seamless, even",
    "gradient": "gradient, soft gradient, smooth, shaded, soft",
    "spot": "spotlight, vignette, softly lit, glowing, spot lit, lit",
}
COLOR_WORDS = {"grey": "grey, gray", "beige": "beige, cream, tan", "purple": "purple, violet"}
OPENERS = (
    "a photo of, photo of, a picture of, a view of, view of, in, at, in front of, standing in, "
    "a beautiful, beautiful, a scenic, an, the, some, a quiet, a peaceful, an empty, big, a large, "
    "a small, old, modern, background of, a landscape with, people in, a person in, on, inside, "
    "by, near, behind, by the, in the, on the, at the, realistic photo of, professional photo of"
)
FILLERS = (
    "scenery, photograph, realistic, high quality, outdoors, nature, background, detailed, "
    "natural light, soft light, wide view, in the background, in the distance, scene, 4k"
)
UNKNOWN = "<unk>"


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split(",")]


def words(text: str) -> list[str]:
    """The words of a text as the tokenizer splits them: lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.lower())


def vocabulary() -> list[str]:
    """Every word that a caption may hold, in alphabetical order."""
    tables = [NOUNS, PHRASES, STYLE_WORDS, COLOR_WORDS]
    texts = [text for table in tables for text in table.values()]
    texts += [ROOM_WORDS, STUDIO_NOUNS, OPENERS, FILLERS]
    texts.append("a an and with of under over through red orange yellow green blue pink brown")
    return sorted({word for text in texts for word in words(text)} | {"white", "black"})


def measure(picture: np.ndarray, scene: str) -> set[str]:
    """The attributes of a scene measured on its pixels, as keys of :data:`PHRASES`.

    The thresholds were chosen by eye.

    Args:
        picture: (H, W, 3) uint8 RGB.
        scene: its class; some attributes are only measured for certain classes.
    """
    red, green, blue = np.moveaxis(picture.astype(np.float32) / 255, -1, 0)
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    color, light = high - low, 0.3 * red + 0.59 * green + 0.11 * blue
    mean, warmth = light.mean(), (red - blue).mean()
    top, bottom = np.s_[: len(picture) // 2], np.s_[len(picture) // 2 :]
    orange = (red > blue + 0.2) & (red > green + 0.03) & (high > 0.4)
    said = {"bright": mean > 0.62, "dark": mean < 0.27, "night": mean < 0.19}
    said |= {"warm": warmth > 0.12, "cold": warmth < -0.12, "colorful": color.mean() > 0.38}
    if scene not in INDOORS:
        snow = (color < 0.14) & (high > 0.6)
        leaves = (green > blue + 0.06) & (green >= red)
        sky = (blue > red + 0.12) & (high > 0.4)
        said["golden"] = warmth > 0.2 and mean > 0.25
        said["sunset"] = orange[top].mean() > 0.45
        said["misty"] = light.std() < 0.13 and color.mean() < 0.2 and mean > 0.3
        said["blue_sky"] = sky[top].mean() > 0.45 and mean > 0.35
        said["overcast"] = ((color < 0.1) & (high > 0.45))[top].mean() > 0.6
        said["snow"] = scene in SNOWY and snow[bottom].mean() > 0.3
        said["autumn"] = scene in LEAFY and orange.mean() > 0.3
        said["green"] = leaves.mean() > 0.4
    found = {name for name, true in said.items() if true} | ALWAYS.get(scene, set())
    return found - NOT_MEASURED.get(scene, set())


def scene_caption(scene: str, said: set[str], rng: np.random.Generator) -> str:
    """A random caption of a scene: most often with the first noun, nearly always with the light.

    Args:
        scene: a key of :data:`NOUNS`, or another class name, which is then used as the noun.
        said: keys of :data:`PHRASES`.
        rng: random generator.
    """
    nouns = NOUNS.get(scene, scene.replace("_", " "))
    noun = _phrases(nouns)[0] if rng.random() < 0.4 else _one(nouns, rng)
    if scene in HOME and rng.random() < 0.15:
        noun = _one(ROOM_WORDS, rng)
    chosen = [name for name in sorted(said) if rng.random() < (0.95 if name in GRADES else 0.55)]
    rng.shuffle(chosen)
    details = [_one(PHRASES[name], rng) for name in chosen[:3]]
    return _worded(noun, details, rng)


def studio_caption(color: str, style: str, rng: np.random.Generator) -> str:
    """A random caption of a backdrop of :func:`training.scene.data.pictures.draw_studio`."""
    parts = [_one(COLOR_WORDS.get(color, color), rng), _one(STUDIO_NOUNS, rng)]
    if style != "plain" or rng.random() < 0.6:
        parts.insert(int(rng.integers(2)), _one(STYLE_WORDS[style], rng))
    return _worded(" ".join(parts), [], rng)


def _one(text: str, rng: np.random.Generator) -> str:
    choices = _phrases(text)
    return choices[rng.integers(len(choices))]


def _worded(noun: str, details: list[str], rng: np.random.Generator) -> str:
    """Noun and details in a random order, with an opener or filler at times and unknown words."""
    opener = rng.random()
    if opener < 0.4:
        noun = f"{_one(OPENERS, rng)} {noun}"
    elif opener < 0.75:
        noun = f"a {noun}"
    if rng.random() < 0.15:
        details.append(_one(FILLERS, rng))
    at = int(rng.integers(len(details) + 1)) if rng.random() < 0.4 else 0
    parts = [*details[:at], noun, *details[at:]]
    text = (" ", ", ", " with ", " and ")[rng.choice(4, p=[0.35, 0.45, 0.1, 0.1])].join(parts)
    tokens = text.replace(",", " ,").split()
    if rng.random() < 0.15:
        for _ in range(int(rng.integers(1, 4))):
            tokens.insert(int(rng.integers(len(tokens) + 1)), UNKNOWN)
    return " ".join(tokens).replace(" ,", ",")
