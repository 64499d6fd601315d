"""The safety checker of all presets, with a tiny classifier of the real class."""

import numpy as np
import pytest
import tiny
from test_generator import paint
from transformers import ViTForImageClassification

from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.safety import SafetyChecker
from bgswap.errors import ModelUnavailable, SceneRejected
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS

REFUSE, ALLOW = 50.0, -50.0


def checking(folders, preset="quality", folder="inpainting", bias=None):
    """A scene model with the classifier, which a bias makes refuse or allow everything."""
    parts = SceneParts(folders["lora"] if preset == "fast" else None, safety=folders["classifier"])
    generator = SceneGenerator.load(PRESETS[preset], folders[folder], "cpu", parts)
    if bias is not None:
        generator.checker._network.classifier.bias.data[1] = bias
    return generator


@pytest.mark.parametrize(("preset", "folder"), [("quality", "inpainting"), ("quality", "sdxl")])
def test_every_model_is_checked(folders, preset, folder, photo, alpha):
    allowing = checking(folders, preset, folder, ALLOW)
    assert allowing.notes == []
    assert len(paint(allowing, photo, alpha, seeds=[1, 2])) == 2
    with pytest.raises(SceneRejected, match="safety checker refused every scene"):
        paint(checking(folders, preset, folder, REFUSE), photo, alpha)


def test_the_models_own_checker_is_not_loaded_besides(folders, photo, alpha):
    # It would refuse everything.
    generator = checking(folders, folder="prudish", bias=ALLOW)
    assert generator.pipe.safety_checker is None
    assert len(paint(generator, photo, alpha)) == 1


def test_of_several_scenes_only_the_refused_are_left_out(folders, photo, alpha, monkeypatch):
    generator = checking(folders)
    wanted = paint(checking(folders, bias=ALLOW), photo, alpha, seeds=[1, 2, 3])
    verdicts = iter([False, True, False])
    monkeypatch.setattr(generator.checker, "refuses", lambda *_: next(verdicts))
    left = paint(generator, photo, alpha, seeds=[1, 2, 3])
    assert left.seeds == [1, 3]
    assert left.notes == ["The safety checker refused 1 of the scenes"]
    np.testing.assert_array_equal(left[1], wanted[2])


def test_the_people_are_not_looked_at(folders, photo, alpha):
    checker = SafetyChecker.load(folders["classifier"])
    seen = []
    checker._network.register_forward_pre_hook(
        lambda network, inputs, options: seen.append(options["pixel_values"]), with_kwargs=True
    )
    dressed = np.where(alpha[..., None] == 1, 255 - photo, photo).astype(np.uint8)
    elsewhere = np.where(alpha[..., None] == 0, 255 - photo, photo).astype(np.uint8)
    verdicts = [checker.refuses(scene, alpha) for scene in (photo, dressed, elsewhere)]
    assert verdicts[0] == verdicts[1]
    assert (seen[0] == seen[1]).all()
    assert not (seen[0] == seen[2]).all()


def test_the_label_decides_and_not_its_place(tmp_path):
    folder = tiny.save_classifier(tmp_path / "turned", labels=("NSFW", "normal"))
    checker = SafetyChecker.load(folder)
    checker._network.classifier.bias.data[0] = REFUSE
    grey = np.full((64, 64, 3), 127, np.uint8)
    assert checker.refuses(grey, np.zeros((64, 64), np.float32))
    checker._network.classifier.bias.data[0] = ALLOW
    assert not checker.refuses(grey, np.zeros((64, 64), np.float32))


def test_a_classifier_of_other_things_is_refused(tmp_path):
    folder = tiny.save_classifier(tmp_path / "cats", labels=("cat", "dog"))
    assert isinstance(ViTForImageClassification.from_pretrained(folder), ViTForImageClassification)
    with pytest.raises(ModelUnavailable, match=r"no label nsfw: \['cat', 'dog'\]"):
        SafetyChecker.load(folder)
