"""Drawn wheels, posts and boards."""

import numpy as np
import pytest

from training import drawn_things
from training.drawn_things import SIDE, drawn_thing


@pytest.mark.parametrize(("wheel", "post"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_things_fill_their_drawing_and_differ(monkeypatch, wheel, post):
    monkeypatch.setattr(drawn_things, "WHEEL", wheel)
    monkeypatch.setattr(drawn_things, "POST", post)
    rng, colours = np.random.default_rng(0), []
    for _ in range(30):
        thing = drawn_thing(rng)
        assert thing.dtype == np.uint8 and thing.shape[2] == 4 and max(thing.shape) <= SIDE
        shown = thing[..., 3] > 127
        assert shown.mean() > 0.3 and thing[..., 3].any(axis=1).all()
        assert thing[..., 3].any(axis=0).all()
        colours.append(np.median(thing[shown][:, :3], axis=0))
        if wheel:
            assert 0.4 < thing.shape[1] / thing.shape[0] < 1.3
            # the tyre is dark and grey
            assert np.percentile(thing[shown][:, :3].max(axis=1), 10) < 80
        if post:
            assert thing.shape[0] == SIDE and thing.shape[1] < 45
    assert np.std(colours, axis=0).min() > (10 if wheel else 30)


def test_the_same_chance_draws_the_same_thing():
    one, other = (drawn_thing(np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
