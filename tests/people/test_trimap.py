"""Colours overrule the mask where they tell people from ground, and nowhere else."""

import cv2
import numpy as np
from silhouettes import GREY, HEIGHT, WIDTH, combed, painted, silhouette

from bgswap.people import likeness, matting, trimap


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
    found = trimap.weigh(photo, mask, np.zeros_like(mask), matting.band_radius(mask))
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
    found = trimap.weigh(photo, mask, np.zeros_like(mask), radius)
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
