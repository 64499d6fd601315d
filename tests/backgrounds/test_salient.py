"""The preset ``careful``: what its ControlNet gets, and folders that are refused."""

import json
import shutil

import numpy as np
import pytest
import tiny_parts
import torch
from photos import ZIDANE
from test_generator import difference, paint

from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.salient import SalientControlPipeline
from bgswap.errors import ModelUnavailable, Stopped
from bgswap.models.checks import Incomplete, check_folder
from bgswap.presets import PRESETS


def load(folder):
    return SceneGenerator.load(PRESETS["careful"], folder, "cpu")


@pytest.fixture
def folder(folders, tmp_path):
    return shutil.copytree(folders["salient"], tmp_path / "salient")


def test_the_pipeline_is_that_of_the_row(careful):
    assert type(careful.pipe) is SalientControlPipeline
    assert type(careful.pipe.scheduler).__name__ == "UniPCMultistepScheduler", "the folder's own"
    assert careful.pipe.controlnet.config.in_channels == 9
    assert (careful.preset.side, careful.preset.steps) == (tiny_parts.SIDE, 20)


@pytest.mark.parametrize("guidance_scale", [1.0, 7.5])
def test_the_controlnet_reads_what_the_unet_reads_and_the_mask(
    careful, photo, alpha, monkeypatch, guidance_scale
):
    seen = {"unet": [], "controlnet": []}
    for name, calls in seen.items():
        network = getattr(careful.pipe, name)

        def forward(*inputs, calls=calls, forward=network.forward, **more):
            calls.append((inputs, more))
            return forward(*inputs, **more)

        monkeypatch.setattr(network, "forward", forward)
    paint(careful, photo, alpha, guidance_scale=guidance_scale)
    assert len(seen["unet"]) == len(seen["controlnet"]) == 2
    for (read, _), (controlled, more) in zip(*seen.values(), strict=True):
        assert controlled[0].shape[1] == 9
        assert torch.equal(controlled[0], read[0]) and controlled[1] == read[1]
        assert more["conditioning_scale"] == 1
        mask = more["controlnet_cond"]
        assert mask.shape[1] == 3 and set(mask.unique().tolist()) == {0, 1}
        height, width = mask.shape[2:]
        assert mask[0, :, -1, width // 2].tolist() == [0, 0, 0], "the person stays"
        assert mask[0, :, height // 8, width // 8].tolist() == [1, 1, 1], "the background goes"


def test_the_controlnet_changes_the_scene(careful, folder, photo, alpha):
    without = load(folder)
    for layer in (
        *without.pipe.controlnet.controlnet_down_blocks,
        without.pipe.controlnet.controlnet_mid_block,
    ):
        torch.nn.init.zeros_(layer.weight)
    scenes = [paint(one, photo, alpha)[0] for one in (careful, without)]
    assert difference(*scenes) > 5


def test_a_stopped_scene_leaves_the_controlnet_as_it_was(careful, photo, alpha):
    def stop(*_):
        raise Stopped

    with pytest.raises(Stopped):
        paint(careful, photo, alpha, on_step=stop)
    assert not careful.pipe.controlnet._forward_pre_hooks


def test_the_people_keep_their_pixels(folder):
    scenes = {"scene_careful": str(folder)}
    settings = Settings(person_detector="", device="cpu", safety="", scenes=scenes)
    options = SwapOptions(seed=1, preset="careful", steps=1)
    result = BackgroundSwapper.from_settings(settings).swap(ZIDANE, "a forest", options=options)
    assert result.details["models"]["scene"]["weights"] == str(folder)
    sure = result.cutout[:, :, 3] == 255
    assert sure.mean() > 0.1
    np.testing.assert_array_equal(result.image[sure], result.known.photo[sure])
    gone = result.cutout[:, :, 3] == 0
    assert difference(result.image[gone], result.known.photo[gone]) > 50


def test_a_folder_without_its_controlnet_is_refused_in_words(folder):
    shutil.rmtree(folder / "controlnet")
    with pytest.raises(Incomplete, match="controlnet is missing"):
        check_folder("scene_careful", folder)
    with pytest.raises(ModelUnavailable, match="careful scene model cannot be loaded: its files"):
        load(folder)


def test_another_pipelines_folder_is_refused_in_words(folders):
    with pytest.raises(ModelUnavailable, match="careful scene model cannot be loaded: its files"):
        load(folders["inpainting"])


def test_a_pickled_controlnet_is_not_loaded(folder):
    weights = folder / "controlnet" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    torch.save({}, weights.with_suffix(".bin"))
    with pytest.raises(ModelUnavailable, match="incomplete or broken"):
        load(folder)


def test_code_in_the_folder_is_not_run(folder, tmp_path):
    trace = tmp_path / "trace"
    (folder / "pipeline.py").write_text(f"open({str(trace)!r}, 'w')")
    assert type(load(folder).pipe) is SalientControlPipeline
    index = json.loads((folder / "model_index.json").read_text())
    index["_class_name"] = ["pipeline", "SalientControlPipeline"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match="incomplete or broken"):
        load(folder)
    assert not trace.exists()
