"""Networks: the shapes that they promise, and what they refuse."""

import pytest
import torch

from bgswap.networks import CenterFace, MattingUNet

SMALL = {"widths": (4, 4, 8, 8, 8), "depths": (1,) * 5, "up_depths": (1,) * 4}


def test_the_matting_network_gives_an_alpha_and_a_score_for_each_crop() -> None:
    network = MattingUNet(**SMALL).eval()
    for size in ((96, 64), (192, 128), (32, 96)):
        alphas, scores = network(torch.rand(3, 5, *size))
        assert alphas.shape == (3, 1, *size) and scores.shape == (3,)


def test_the_matting_network_is_built_again_from_its_folder(tmp_path) -> None:
    network = MattingUNet(**SMALL).eval()
    network.save_pretrained(tmp_path)
    twin = MattingUNet.from_pretrained(str(tmp_path), strict=True).eval()
    crops = torch.rand(1, 5, 64, 64)
    torch.testing.assert_close(twin(crops), network(crops))


def test_the_refiner_begins_near_the_alpha_it_is_given() -> None:
    refiner = MattingUNet(**SMALL).eval().refiner
    alpha = torch.full((1, 1, 64, 64), 0.5)
    alpha[..., 32:] = 0.99
    refined = torch.sigmoid(refiner(torch.zeros(1, 3, 64, 64), alpha))
    assert refined.shape == alpha.shape
    assert float(refined[..., 40:].mean()) > float(refined[..., :24].mean()) + 0.2


@pytest.mark.parametrize("shape", [(1, 4, 64, 64), (1, 5, 64, 60), (5, 64, 64)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected crops"):
        MattingUNet(**SMALL)(torch.rand(*shape))


def test_the_face_detector_gives_maps_of_a_quarter_of_the_size() -> None:
    network = CenterFace(pyramid=8).eval()
    with torch.inference_mode():
        scores, sizes, offsets = network(torch.rand(2, 3, 64, 96))
    assert scores.shape == (2, 16, 24)
    assert sizes.shape == offsets.shape == (2, 2, 16, 24)
    assert scores.min() >= 0 and scores.max() <= 1 and sizes.min() > 0


@pytest.mark.parametrize("shape", [(1, 3, 64, 60), (1, 1, 64, 64), (3, 64, 64), (1, 3, 0, 32)])
def test_the_face_detector_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected pictures"):
        CenterFace(pyramid=8)(torch.rand(*shape))


def test_the_face_detector_refuses_another_pyramid() -> None:
    with pytest.raises(ValueError, match="pyramid"):
        CenterFace(pyramid=0)
