"""Which files of a scene model's repository are fetched."""

import json

import numpy as np
import pytest
from mask_model import contents
from safetensors.numpy import save

from bgswap import ModelUnavailable, Settings
from bgswap.models import WeightStore
from bgswap.models.hub_files import pipeline_files

UNET = [
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.non_ema.safetensors",
    "diffusion_pytorch_model.bin",
]
TEXT = ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"]


def pipeline(names: dict[str, list[str]]) -> dict[str, bytes]:
    """A pipeline's files: each part with a config and weights of these names."""
    index: dict[str, object] = {"_class_name": "SomePipeline", "image_encoder": [None, None]}
    files = {}
    for part, weights in names.items():
        index[part] = ["diffusers", "Some"]
        if weights:
            files[f"{part}/config.json"] = b"{}"
        else:
            files[f"{part}/scheduler_config.json"] = b"{}"
        for name in weights:
            tensor = np.full(5000, len(name), np.float32)
            files[f"{part}/{name}"] = save({"weight": tensor}) if "safe" in name else b"pickle"
    return {"model_index.json": json.dumps(index).encode(), **files}


@pytest.mark.parametrize(("half", "variant"), [(False, ""), (True, "fp16.")])
def test_a_pipeline_takes_one_set_of_weights(half, variant):
    files = pipeline({"unet": UNET, "text_encoder": TEXT, "scheduler": []})
    files |= {"v1-5.safetensors": b"", "v1-5.ckpt": b"", "unused/model.safetensors": b""}
    index = json.loads(files["model_index.json"])
    assert set(pipeline_files(index, set(files), half)) == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "text_encoder/config.json",
        f"unet/diffusion_pytorch_model.{variant}safetensors",
        f"text_encoder/model.{variant}safetensors",
    }


def test_a_pipeline_without_safetensors_is_refused():
    files = pipeline({"unet": UNET, "text_encoder": ["pytorch_model.bin"]})
    with pytest.raises(ModelUnavailable, match="text_encoder has no safetensors"):
        pipeline_files(json.loads(files["model_index.json"]), set(files), False)


def test_a_pipeline_is_fetched_whole(hub, tmp_path):
    files = pipeline({"unet": UNET, "text_encoder": TEXT, "scheduler": []})
    hub.add("someone/scenes", files)
    settings = Settings(scenes={"scene_fast": "someone/scenes"}, device="cpu")
    hub.strike("404", "text_encoder/model")
    with pytest.raises(ModelUnavailable, match="broke off"):
        WeightStore(settings).get("scene_fast")
    hub.strike(None)
    hub.requests.clear()
    weights = WeightStore(settings).get("scene_fast")
    assert (weights.path / "text_encoder" / "model.safetensors").is_file()
    fetched = [path for method, path in hub.requests if method == "GET" and "/resolve/" in path]
    assert len(fetched) == 1  # the rest was there already
    hub.close()
    (weights.path / "scheduler" / "scheduler_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="Fast scene model someone/scenes cannot be used"):
        WeightStore(settings).get("scene_fast")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("inpainting", "scene_fast"),
        ("sdxl", "scene_quality"),
        ("salient", "scene_careful"),
    ],
)
def test_pipelines_as_diffusers_saves_them_come_whole_and_without_code(hub, tmp_path, name, role):
    import tiny

    files = contents(getattr(tiny, f"save_{name}")(tmp_path / "tiny"))
    hub.add("someone/tiny", files | {"pipeline.py": b"raise SystemExit"})
    weights = WeightStore(Settings(scenes={role: "someone/tiny"}, device="cpu")).get(role)
    assert contents(weights.path) == files


def test_a_lora_is_one_file(hub):
    lora = save({"a": np.zeros(5000, np.float32)})
    hub.add("someone/lora", {"pytorch_lora_weights.safetensors": lora, "x.bin": b""})
    settings = Settings(scenes={"scene_lora": "someone/lora"})
    path = WeightStore(settings).get("scene_lora").path
    assert [file.name for file in path.iterdir()] == ["pytorch_lora_weights.safetensors"]
