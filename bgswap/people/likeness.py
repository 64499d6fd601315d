"""Is a pixel more like a person, or more like what is around them?

Judged by the nearest of samples of both, as in KNN matting (Chen, Li and Tang, "KNN Matting", CVPR
2012): by colour and, a little, by place.
"""

import cv2
import numpy as np

# So many samples of each, and so many of the nearest.
SAMPLES, NEAREST = 3000, 3
# Distance in colour (CIELAB of 8 bits) that is worth as much as one person's size in place.
PLACE = 5.0
# A vote asks so many neighbours among so many samples of each side.
VOTERS, ELECTORATE = 16, 4000


def likeness(
    photo: np.ndarray,
    asked: np.ndarray,
    person: np.ndarray,
    ground: np.ndarray,
    noise: float = 0.0,
) -> np.ndarray:
    """Likeness to the person as a share of likeness to both.

    Args:
        photo: (H, W, 3) uint8 RGB.
        asked: (H, W) bool, which pixels to judge.
        person: (H, W) bool, surely the person.
        ground: (H, W) bool, surely not.
        noise: colours nearer than this, in levels, count for little.

    Returns:
        (H, W) float32 in [0, 1], one half for who knows; 0 where nothing was asked, or nothing is
        sure.
    """
    from scipy.spatial import cKDTree

    share = np.zeros(asked.shape, np.float32)
    if not (asked.any() and person.any() and ground.any()):
        return share
    features = places_and_colours(photo, PLACE / np.sqrt(person.sum()))
    rng = np.random.default_rng(0)
    far = []
    for known in (features[person], features[ground]):
        few = known[rng.choice(len(known), min(SAMPLES, len(known)), replace=False)]
        count = min(NEAREST, len(few))
        distance, _ = cKDTree(few).query(features[asked], k=count, eps=0.5, workers=-1)
        far.append(distance.reshape(-1, count).mean(axis=1))
    share[asked] = (far[1] + noise) / np.maximum(far[0] + far[1] + 2 * noise, 1e-6)
    return share


def votes(
    features: np.ndarray, asked: np.ndarray, person: np.ndarray, ground: np.ndarray
) -> np.ndarray:
    """How many of a pixel's nearest neighbours are the person's.

    As many samples of either side vote, so that a colour is the side's that has it more often,
    though the other may have some by mistake: a k-nearest-neighbour classifier on labels that are
    partly wrong, as masks are.

    Args:
        features: (H, W, N) float32, as :func:`places_and_colours` gives them.
        asked: (H, W) bool, which pixels to judge.
        person, ground: (H, W) bool, of which kind each sample is said to be.

    Returns:
        (H, W) float32 in [0, 1]; where nothing was asked, or one side is empty, as was said.
    """
    share = person.astype(np.float32)
    if not (asked.any() and person.any() and ground.any()):
        return share
    rng = np.random.default_rng(0)
    sides = []
    for known in (features[person], features[ground]):
        sides.append(known[rng.choice(len(known), min(ELECTORATE, len(known)), replace=False)])
    share[asked] = ballot(*sides, features[asked])
    return share


def ballot(person: np.ndarray, ground: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Of each of M features, which share of its nearest neighbours among both is the person's.

    Args:
        person, ground: (K, N) and (L, N) float32, samples; at least one in all.
        asked: (M, N) float32.

    Returns:
        (M,) float64 in [0, 1].
    """
    from scipy.spatial import cKDTree

    count = min(VOTERS, len(person) + len(ground))
    tree = cKDTree(np.vstack([person, ground]))
    _, nearest = tree.query(asked, k=count, eps=0.5, workers=-1)
    return (nearest.reshape(-1, count) < len(person)).mean(axis=1)


def places_and_colours(photo: np.ndarray, scale: float) -> np.ndarray:
    """CIELAB of 8 bits, and x and y in pixels times ``scale``: (H, W, 5) float32."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB).astype(np.float32)
    y, x = np.indices(photo.shape[:2], np.float32) * np.float32(scale)
    return np.dstack([lab, x, y])


def distances(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel of (H, W) bool to the nearest outside and to the nearest inside, in pixels."""
    body = inside.astype(np.uint8)
    return tuple(cv2.distanceTransform(b, cv2.DIST_L2, 3) for b in (body, 1 - body))


def ramp(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """0 up to the first end, 1 from the second on, straight between; of the values' shape."""
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1)
