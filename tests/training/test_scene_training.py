"""The scene training on drawn pictures: packing, captions, parts, the pipeline as it ships."""

import argparse
import functools
import json
import os
import signal
import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from timed_runs import ticking

from training.common import saved_states
from training.common.loop import train_for
from training.scene import model, sharpen
from training.scene.autoencoder import CopyTask, SharpTask, build_autoencoder
from training.scene.data import pack_scenes
from training.scene.data.part_store import STUDIO, load_pictures
from training.scene.data.pictures import draw_studio, place_person
from training.scene.data.wordings import EACH, LIT, PLAIN, choose_lights, word_table
from training.scene.diffusion import DiffusionTask
from training.scene.light import GRADES, regrade, regrade_batch
from training.scene.model import build_scheduler
from training.scene.stages import stage_settings
from training.scene.text import LENGTH, TextTask, build_text_encoder, build_tokenizer, tokenize
from training.scene.train import parser, run


def smooth(rng, color, side=64):
    """A soft picture around a color, (side, side, 3) uint8 RGB."""
    coarse = np.array(color) + rng.normal(0, 30, (4, 4, 3))
    picture = Image.fromarray(coarse.clip(0, 255).astype(np.uint8))
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC))


def put(archive, name, picture):
    data = BytesIO()
    Image.fromarray(picture).save(data, Image.registered_extensions()["." + name.split(".")[-1]])
    archive.writestr(name, data.getvalue())


@pytest.fixture
def packed(tmp_path):
    """Six scenes and two people, packed from archives of the documented layout."""
    rng = np.random.default_rng(0)
    large, small, people = (tmp_path / f"{name}.zip" for name in ("large", "small", "people"))
    with zipfile.ZipFile(large, "w") as archive:
        rows = []
        for i, (width, height) in enumerate(((341, 256), (256, 341), (256, 256), (341, 256))):
            halves = np.zeros((height, width, 3), np.uint8)
            halves[:, : width // 2, 0], halves[:, width // 2 :, 2] = 230, 230
            name = f"scenes256/train/ocean/{i:05d}.webp"
            put(archive, name, halves)
            rows.append({"file": name, "class": "ocean", "words": "sea"})
        name = "scenes256/val/ocean/00000.webp"
        put(archive, name, smooth(rng, (40, 90, 200), 256))
        rows.append({"file": name, "class": "ocean", "words": "sea"})
        archive.writestr("scenes256/captions.jsonl", "\n".join(map(json.dumps, rows)))
    with zipfile.ZipFile(small, "w") as archive:
        for i in range(2):
            picture = smooth(rng, (200, 210, 220), 128)
            put(archive, f"scenes/train/glacier/{i:05d}.webp", picture)
        put(archive, "scenes/train/forest/00000.webp", smooth(rng, (40, 120, 30), 128))
    with zipfile.ZipFile(people, "w") as archive:
        mask = np.zeros((60, 40), np.uint8)
        mask[10:58, 12:28] = 255
        for i in range(2):
            photo = rng.integers(0, 255, (60, 40, 3), dtype=np.uint8)
            put(archive, f"people/train/street_{i}.webp", photo)
            put(archive, f"people/train/street_{i}.png", mask)
    archives = ["--scenes256", large, "--scenes", small, "--people", people]
    pack_scenes.main([*map(str, archives), "--out", str(tmp_path / "packed"), "--workers", "1"])
    return tmp_path / "packed"


def test_a_regraded_picture_has_the_light_it_is_named_for():
    rng = np.random.default_rng(2)
    picture = smooth(rng, (120, 130, 130))
    lit = {light: regrade(picture, "forest", light, rng).astype(float) for light in GRADES}
    assert lit["night"].mean() < 0.6 * picture.mean()
    assert regrade(picture, "street", "night", rng).max() > lit["night"].max() + 40
    assert lit["sunset"][..., 0].mean() > lit["sunset"][..., 2].mean() + 30
    assert lit["misty"].std() < picture.std()


def test_a_studio_is_plain_and_of_its_color():
    rng = np.random.default_rng(3)
    white = draw_studio("white", "plain", 64, rng)
    assert white.mean() > 225 and white.std() < 12
    red = draw_studio("red", "gradient", 64, rng).mean((0, 1))
    assert red[0] > red[1] + 50 and red[0] > red[2] + 50


def test_a_person_is_placed_inside_the_square():
    person = np.zeros((64, 64, 4), np.uint8)
    person[:, 20:44] = 255
    placed = place_person(person, np.random.default_rng(4))
    assert placed.shape == (64, 64, 4)
    assert 0 < (placed[..., 3] > 127).mean() < 0.6


def test_packed_pictures_come_back_in_their_own_aspect(packed):
    pictures = load_pictures(packed, "train", "cpu", studios=1)
    assert len(pictures) == 6 + 36 and pictures.pixels.shape[1:] == (3, 256, 384)
    assert sorted({tuple(size) for size in pictures.sizes.int().tolist()}) == [
        (256, 256), (256, 341), (341, 256)
    ]  # fmt: skip
    assert "blurred" in pictures.said[pictures.kinds.index("glacier")]
    # The left half is red, the right one blue, upright or not; mirrored ones the other way round.
    chosen = torch.tensor([i for i, kind in enumerate(pictures.kinds) if kind == "ocean"])
    for crops in (pictures.crops(chosen, 64, 64), pictures.crops(chosen, 72, 56)):
        left, right = crops[..., :3].mean((2, 3)), crops[..., -3:].mean((2, 3))
        assert ((left[:, 0] - left[:, 2]) * (right[:, 0] - right[:, 2]) < 0).all()
    assert pictures.patches(chosen, 32).shape == (len(chosen), 3, 32, 32)


def test_every_picture_gets_wordings_also_for_its_other_lights():
    kinds, said = ["ocean", "bedroom", STUDIO], [["blue_sky"], [], ["red", "plain"]]
    lights = choose_lights(kinds, seed=0)
    assert lights.shape == (3, LIT) and (lights[2] == -1).all() and (lights[0] >= 0).all()
    table = word_table(kinds, said, lights, seed=0)()
    assert table.shape == (3, PLAIN + LIT * EACH, LENGTH)
    assert len(torch.unique(table[0], dim=0)) > PLAIN // 2


def test_many_pictures_are_regraded_as_one_is():
    pictures = torch.rand(3, 3, 32, 32) * 0.5
    lights = torch.tensor([-1, list(GRADES).index("night"), list(GRADES).index("sunset")])
    lit = regrade_batch(pictures, lights, torch.zeros(3, dtype=torch.bool))
    assert torch.equal(lit[0], pictures[0]) and lit[1].mean() < pictures[1].mean() - 0.3
    assert lit[2, 0].mean() > lit[2, 2].mean() + 0.2


def test_an_autoencoder_learns_and_then_gives_normal_latents(tmp_path):
    torch.manual_seed(0)
    pictures = torch.nn.functional.interpolate(torch.rand(4, 3, 4, 4), 32, mode="bilinear") * 2 - 1
    autoencoder = build_autoencoder((16, 16, 16))
    options = argparse.Namespace(compile=False, seed=0, resume=False, device="cpu", track="")
    tasks = [kind(autoencoder, lambda n: pictures[:n], 4) for kind in (CopyTask, SharpTask)]
    before = (autoencoder(pictures).sample - pictures).abs().mean()
    train_for(tasks[0], stage_settings("autoencoder", tmp_path, options, steps=60))
    tasks[0].normalise()
    train_for(tasks[1], stage_settings("decoder", tmp_path, options, steps=4))
    tasks[1].take_average()
    with torch.no_grad():
        latents = autoencoder.encode(pictures).latent_dist
        after = (autoencoder.decode(latents.mode()).sample - pictures).abs().mean()
    assert after < 0.7 * before and latents.std.max() < 1e-4
    spread, mean = torch.std_mean(latents.mean, (0, 2, 3))
    assert torch.allclose(spread, torch.ones(4), atol=0.05) and mean.abs().max() < 0.05


def test_the_text_model_tells_prompts_apart():
    tokenizer = build_tokenizer()
    encoder = build_text_encoder(len(tokenizer), width=32, layers=1).eval()
    with torch.no_grad():
        states = encoder(tokenize(tokenizer, ["a sea", "a forest"])).last_hidden_state
    assert states.shape == (2, LENGTH, 32)
    assert not torch.allclose(states[0], states[1])


def test_the_scheduler_goes_from_noise_to_the_picture():
    scheduler = build_scheduler()
    scheduler.set_timesteps(8)
    clean, noise = torch.full((1, 4, 4, 4), 0.5), torch.randn(1, 4, 4, 4)
    x = noise * scheduler.init_noise_sigma
    assert scheduler.timesteps[0] >= 998
    for step in scheduler.timesteps:
        x = scheduler.step(noise - clean, step, x).prev_sample
    assert torch.allclose(x, clean, atol=0.02)


@pytest.fixture
def tiny(packed, monkeypatch):
    """The options of a training of small networks on the packed pictures, into a folder."""
    monkeypatch.setattr(model, "build_unet", functools.partial(model.build_unet, (16, 16, 32, 32)))
    monkeypatch.setattr(
        model, "build_autoencoder", functools.partial(build_autoencoder, (16, 16, 16))
    )
    monkeypatch.setattr(model, "SHEET", ("an ocean",))
    monkeypatch.setattr("training.scene.stages.ENDING", 0)

    def options(out, *others):
        flags = ["--data", str(packed), "--out", str(out), "--batch", "2", "--patches", "2"]
        flags += ["--studios", "0", "--placed", "2", "--text-steps", "2"]
        return parser().parse_args([*flags, "--seconds", "16", *others])

    return options


@pytest.mark.parametrize("stage", ["autoencoder", "decoder", "text", "diffusion"])
def test_interrupted_and_resumed_is_the_same(stage, tiny, tmp_path, monkeypatch):
    flags = ["--autoencoder-seconds", "7", "--shown", "0"]
    run(tiny(tmp_path / "whole", *flags), ticking())
    task = {"autoencoder": CopyTask, "decoder": SharpTask}.get(stage, DiffusionTask)
    task = TextTask if stage == "text" else task
    batch = task.batch

    def told_to_end(self, seed, share):
        if self.step == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(self, seed, share)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(task, "batch", told_to_end)
        run(tiny(tmp_path / "parts", *flags), ticking())
    assert not (tmp_path / "parts" / "diffusion").exists() or stage == "diffusion"
    run(tiny(tmp_path / "parts", *flags, "--resume"), ticking())
    for name in ("autoencoder", "decoder", "text", "diffusion"):
        ends = [saved_states.newest(tmp_path / part / name) for part in ("whole", "parts")]
        told = [json.loads((end / "progress.json").read_text())["progress"] for end in ends]
        assert told[0] == told[1] and told[0]["steps"] > 1
        for weights in ends[0].glob("*.safetensors"):
            first, second = load_file(weights), load_file(ends[1] / weights.name)
            assert all(torch.equal(first[key], second[key]) for key in first), (name, weights)
    first, second = (
        load_file(tmp_path / part / "export" / "weights-0.safetensors")
        for part in ("whole", "parts")
    )
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_tiny_training_gives_a_pipeline_that_plain_diffusers_loads(tiny, tmp_path):
    from diffusers import AutoPipelineForInpainting, StableDiffusionInpaintPipeline

    out = tmp_path / "run"
    run(tiny(out, "--steps", "2", "--shown", "1"), ticking())
    for name in ("weights-0.safetensors", "sheet.jpg", "log.txt"):
        assert (out / "export" / name).stat().st_size > 0

    assert model.main([str(out / "export"), str(tmp_path / "scene")]) == 0
    pipeline = AutoPipelineForInpainting.from_pretrained(tmp_path / "scene", dtype=torch.float32)
    assert isinstance(pipeline, StableDiffusionInpaintPipeline)
    assert pipeline.unet.config.in_channels == 9 and pipeline.safety_checker is None
    parameters = json.loads((tmp_path / "scene" / "starter.json").read_text())
    assert set(parameters["vocabulary"]) <= set(pipeline.tokenizer.get_vocab())
    call = {
        "prompt": "an ocean",
        "image": Image.new("RGB", (96, 64)),
        "mask_image": Image.new("L", (96, 64), 255),
        "width": 96,
        "height": 64,
        "num_inference_steps": 2,
        "guidance_scale": parameters["guidance_scale"],
        "output_type": "np",
    }
    first, again = (
        pipeline(**call, generator=torch.Generator().manual_seed(1)).images[0] for _ in range(2)
    )
    assert first.shape == (64, 96, 3) and np.isfinite(first).all()
    assert np.array_equal(first, again)


def test_only_the_decoder_is_sharpened(tiny, packed, tmp_path, capfd):
    out, sharp = tmp_path / "run", tmp_path / "scene"
    run(tiny(out, "--steps", "2", "--shown", "0"), ticking())
    flags = ["--data", packed, "--start-from", out / "export", "--out", tmp_path / "decoder"]
    flags += ["--seconds", "2", "--patches", "2", "--share", "2", "--export", sharp]
    assert sharpen.main([str(flag) for flag in flags]) == 0
    assert "fine detail" in capfd.readouterr().err
    before, after = model.build_pipeline(), model.build_pipeline()
    model.load_weights(before, out / "export")
    model.load_weights(after, sharp)
    changed = {
        f"{part}.{name.split('.')[0]}"
        for part in model.PARTS
        for name, weight in getattr(after, part).state_dict().items()
        if not torch.equal(weight, getattr(before, part).state_dict()[name])
    }
    assert changed <= {"vae.decoder", "vae.post_quant_conv"}
    assert "vae.decoder" in changed
    assert (tmp_path / "decoder" / "reconstructions.jpg").stat().st_size > 0


def test_a_larger_share_moves_the_decoder_more_against_its_judge():
    def gradient(share):
        torch.manual_seed(0)
        task = SharpTask(build_autoencoder((16, 16, 16)), None, 2, share=share)
        task.step, pictures = 100, torch.rand(2, 3, 32, 32) * 2 - 1
        task.losses(task.network, pictures)["total"].backward()
        return torch.cat([p.grad.flatten() for p in task.network.parameters()])

    none, some, more = (gradient(share) for share in (0.0, 0.5, 1.0))
    torch.testing.assert_close(more - none, 2 * (some - none), rtol=1e-3, atol=1e-5)
    assert (some - none).norm() > 0.1 * none.norm()
