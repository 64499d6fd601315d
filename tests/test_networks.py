"""Networks: the shapes that they promise, and what they refuse."""

import pytest
import torch

from bgswap.networks import PersonUNet

SMALL = {"widths": (4, 4, 8, 8, 8), "depths": (1, 1, 1, 1, 1)}


def test_the_person_unet_gives_a_mask_and_a_score_for_each_crop() -> None:
    network = PersonUNet(**SMALL).eval()
    for size in ((96, 64), (192, 128), (32, 96)):
        masks, scores = network(torch.rand(3, 5, *size))
        assert masks.shape == (3, 1, *size) and scores.shape == (3,)


def test_the_person_unet_is_built_again_from_its_shape() -> None:
    network = PersonUNet(height=64, width=64, **SMALL)
    twin = PersonUNet(**network.shape)
    twin.load_state_dict(network.state_dict())
    crops = torch.rand(1, 5, 64, 64)
    torch.testing.assert_close(twin.eval()(crops), network.eval()(crops))


@pytest.mark.parametrize("shape", [(1, 4, 64, 64), (1, 5, 64, 60), (5, 64, 64)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected crops"):
        PersonUNet(**SMALL)(torch.rand(*shape))
