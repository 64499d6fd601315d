"""Colours overrule the mask where they tell people from ground, and nowhere else."""

import cv2
import numpy as np

from bgswap.people import likeness, matting, trimap

HEIGHT, WIDTH = 400, 320
RED, GREY = (190, 50, 50), (90, 120, 110)


def painted(body: np.ndarray, person: tuple = RED) -> np.ndarray:
    """A body (H, W) bool of one colour over grey, with grain."""
    noise = np.random.default_rng(1).normal(0, 3, (*body.shape, 3))
    photo = np.where(body[..., None], np.float32(person), np.float32(GREY)) + noise
    return np.uint8(photo.clip(0, 255).round())


def silhouette() -> np.ndarray:
    body = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(body, (WIDTH // 2, HEIGHT // 2), (90, 150), 0, 0, 360, 1, -1)
    return body > 0


def combed() -> tuple[np.ndarray, np.ndarray]:
    """A body with gaps like those between locks in its upper part, and where they are."""
    body = silhouette()
    gaps = np.zeros_like(body)
    for start in range(4):
        gaps[50:68, start::10] = True
    return body & ~gaps, gaps & body


def test_labels_that_are_wrong_are_outvoted() -> None:
    body = silhouette()
    said = body.copy()
    said[180:200, 20:60] = True  # ground, called the person
    features = likeness.places_and_colours(painted(body), likeness.PLACE / np.sqrt(body.sum()))
    share = likeness.votes(features, np.ones_like(body), said, ~said)
    assert share[said & ~body].mean() < 0.35
    assert share[body].mean() > 0.95


def test_votes_without_a_side_are_what_was_said() -> None:
    body = silhouette()
    features = likeness.places_and_colours(painted(body), 0.1)
    nobody = np.zeros_like(body)
    np.testing.assert_array_equal(likeness.votes(features, ~nobody, body, nobody), body)


def test_gaps_that_the_mask_filled_are_found_and_opened() -> None:
    body, gaps = combed()
    photo, mask = painted(body), silhouette().astype(np.float32)
    found = trimap.weigh(photo, mask, None, matting.band_radius(mask))
    assert found.trust == 1
    assert (found.trimap[gaps] != 1).mean() > 0.8
    alpha = matting.matte(photo, mask)
    assert alpha[gaps].mean() < 0.4
    assert alpha[body].mean() > 0.95


def test_a_body_of_the_grounds_colours_stays_whole() -> None:
    body = silhouette()
    photo = painted(body)
    shirt = body.copy()
    shirt[: HEIGHT // 2] = False
    photo[shirt] = painted(np.zeros_like(body))[shirt]
    mask = body.astype(np.float32)
    radius = matting.band_radius(mask)
    found = trimap.weigh(photo, mask, None, radius)
    assert found.trust == 0
    depth, _ = likeness.distances(body)
    deep = shirt & (depth > (trimap.INSIDE + 2) * radius)
    assert deep.any() and (found.trimap[deep] == 1).all()
    assert (matting.matte(photo, mask)[deep] == 1).all()


def test_a_thin_ring_of_the_grounds_colour_deep_inside_is_the_persons() -> None:
    body = silhouette()
    photo = painted(body)
    ring = np.zeros(body.shape, np.uint8)
    cv2.circle(ring, (WIDTH // 2, HEIGHT // 2), 20, 1, 2)
    photo[ring > 0] = GREY
    alpha = matting.matte(photo, body.astype(np.float32))
    assert (alpha[ring > 0] == 1).all()


def test_those_who_go_are_not_the_ground_that_votes() -> None:
    body = silhouette()
    twin = np.zeros_like(body)
    twin[100:300, 2:60] = True
    photo, mask = painted(body | twin), body.astype(np.float32)
    found = trimap.weigh(photo, mask, twin.astype(np.float32), matting.band_radius(mask))
    assert (found.trimap[twin & ~body] == 0).all()
    assert found.votes[150:250, 120:200].min() > 0.9
