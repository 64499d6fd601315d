"""The ablation on drawn sets: the gain of each step, and that each can be left out."""

from types import SimpleNamespace

import numpy as np
import pytest
from labelled_photos import PHOTO, Swapper, box, labelled_sets, person

from benchmarks import ablation
from benchmarks.val_sets import sampled, val_photos
from bgswap import BackgroundSwapper
from bgswap.detection.finder import FinderConfig, PeopleFinder
from bgswap.matting import detail
from bgswap.matting.detail import DetailConfig
from bgswap.matting.network import NetworkConfig
from bgswap.matting.upsampling import guided_upsampling
from training.common.metrics import iou


def test_the_gain_of_a_step_is_the_loss_without_it(tmp_path):
    photos = sampled(val_photos(people512=labelled_sets(tmp_path)["people512"]), "all", 3)
    swapper = Swapper(box(10, 30))
    worse = [person(box(10, 20))]

    def without_good_finding(swapper):
        return ablation.replaced(swapper, "people", worse)

    steps = {"finding": without_good_finding, "matting": ablation.without_matting}
    rows = ablation.measure(swapper, photos, steps)
    full, finding, matting = ablation.worth(rows)
    assert full["iou"] == 1 and finding["iou"] == pytest.approx(0.5) and matting["iou"] == 0
    assert finding["helps"] == 1 and finding["hurts"] == matting["helps"] == 0
    lines = ablation.table([full, finding, matting]).splitlines()
    assert "+0.5000" in lines[3] and "| 100% | 0% |" in lines[3] and "1.0000" in lines[2]


def test_without_matting_each_pixel_goes_to_the_person_with_the_larger_mask():
    swapper = Swapper()
    with ablation.without_matting(swapper):
        alpha = swapper.matte(PHOTO, [person(0.6 * box(10, 30))], [person(0.8 * box(20, 40))])
    np.testing.assert_allclose(alpha, 0.6 * box(10, 20))
    assert "matte" not in vars(swapper)


def test_replaced_attributes_are_restored():
    swapper = Swapper(box(1, 2))
    people = swapper.people
    with pytest.raises(RuntimeError), ablation.replaced(swapper, "people", []):
        assert swapper.people == []
        raise RuntimeError
    assert swapper.people is people


class Everything:
    """A detector and a matting network that both answer with what they were given."""

    config = NetworkConfig(detail=DetailConfig(octaves=2))
    judges = False

    refined = 0

    def detect(self, photo):
        return [person(0.9 * box(10, 20)), person(0.9 * box(11, 20), 2)]

    def alphas(self, photo, people):
        return [person(box(10, 30), p.number) for p in people]

    def refine(self, masks, boxes):
        self.refined += len(masks)
        return list(masks)

    def matte(self, photo, mask, others=None):
        return mask


def whole_chain(everything: Everything) -> BackgroundSwapper:
    config = FinderConfig(0.5, 0.5)
    loaded = SimpleNamespace(model=everything, note="", weights=None)
    models = SimpleNamespace(request_downloads=lambda preset: None)
    models.matter = models.detector = models.refiner = lambda: loaded
    swapper = BackgroundSwapper(models)
    models.finder = lambda: PeopleFinder(everything, everything.alphas, config, everything.refine)
    swapper.find_people = lambda photo: swapper.models.finder().find(photo)
    return swapper


def test_each_step_of_the_chain_can_be_left_out_and_comes_back():
    everything = Everything()
    swapper = whole_chain(everything)

    def found():
        people = swapper.find_people(PHOTO)
        return len(people), iou(swapper.matte(PHOTO, people), box(10, 30))

    before = found()
    assert before == (1, 1.0)
    refined = everything.refined
    with ablation.STEPS["mask autoencoder"](swapper):
        assert found() == before and everything.refined == refined > 0
    with ablation.STEPS["matting network"](swapper):
        assert found() == (1, 0.5)
    with ablation.STEPS["mask NMS"](swapper):
        assert found()[0] == 2
    with ablation.STEPS["its second look"](swapper):
        assert found() == before
    with ablation.STEPS["second matting pass"](swapper):
        assert everything.config.passes == 1
    with ablation.STEPS["refiner"](swapper):
        assert everything.config.detail.octaves == 0
    with ablation.STEPS["guided filter"](swapper):
        enlarged = detail.guided_upsampling(PHOTO, PHOTO[::2, ::2], box(10, 30)[::2, ::2])
        assert enlarged.shape == PHOTO.shape[:2]
    assert found() == before and everything.config.detail.octaves == 2
    assert everything.config.passes == 2
    assert detail.guided_upsampling is guided_upsampling


def test_unknown_steps_are_refused():
    assert list(ablation.chosen_steps("refiner")) == ["refiner"]
    assert ablation.chosen_steps(None) == ablation.STEPS
    with pytest.raises(SystemExit, match="no step 'magic'"):
        ablation.chosen_steps("magic")
