"""The scene training on drawn pictures: packing, captions, parts, the pipeline as it ships."""

import functools
import json
import time
import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from training.scene import model
from training.scene.autoencoder import AutoencoderTrainer, build_autoencoder
from training.scene.captions import (
    NOUNS,
    PHRASES,
    UNKNOWN,
    measure,
    scene_caption,
    studio_caption,
    vocabulary,
    words,
)
from training.scene.clock import Clock
from training.scene.data import pack_scenes
from training.scene.data.part_store import STUDIO, load_pictures
from training.scene.data.pictures import STUDIO_COLOURS, draw_studio, place_person
from training.scene.data.wordings import EACH, LIT, PLAIN, choose_lights, word_table
from training.scene.light import GRADES, regrade, regrade_batch
from training.scene.model import build_scheduler
from training.scene.text import LENGTH, build_text_encoder, build_tokenizer, tokenize
from training.scene.train import main


def smooth(rng, colour, side=64):
    """A soft picture around a colour, (side, side, 3) uint8 RGB."""
    coarse = np.array(colour) + rng.normal(0, 30, (4, 4, 3))
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


def test_every_word_of_every_caption_is_one_known_token():
    rng, tokenizer = np.random.default_rng(1), build_tokenizer()
    known = set(vocabulary())
    texts = [scene_caption(scene, set(PHRASES), rng) for scene in NOUNS for _ in range(30)]
    texts += [studio_caption(colour, "spot", rng) for colour in STUDIO_COLOURS for _ in range(10)]
    for text in texts:
        plain = text.replace(UNKNOWN, "")
        assert set(words(plain)) <= known
        assert tokenizer.unk_token not in tokenizer.tokenize(plain)


def test_tokens_come_whole_whatever_the_case_and_the_unknown_word_is_one_token():
    tokenizer = build_tokenizer()
    tokens = tokenizer.tokenize("A Snow-covered jungle, with a ZEBRA!")
    assert tokens == ["a", "snow", "covered", "jungle", "with", "a", "<unk>"]
    ids = tokenize(tokenizer, ["a beach", "sea " * 100])
    assert ids.shape == (2, LENGTH)
    assert ids[0, 0] == tokenizer.bos_token_id and ids[0, 3] == tokenizer.eos_token_id


def test_the_prompts_that_people_write_are_known():
    known = set(vocabulary())
    for prompt in ("a jungle at sunset, warm golden light", "plain white studio", "a snowy city"):
        assert set(words(prompt)) <= known


@pytest.mark.parametrize(
    ("colour", "scene", "said"),
    [
        ((240, 150, 40), "sea", "sunset"),
        ((60, 120, 230), "sea", "blue_sky"),
        ((10, 12, 20), "street", "night"),
        ((240, 244, 248), "mountain", "snow"),
        ((40, 120, 30), "forest", "green"),
    ],
)
def test_pixels_say_what_they_show(colour, scene, said):
    picture = np.full((64, 64, 3), colour, np.uint8)
    assert said in measure(picture, scene)
    assert said not in measure(np.full((64, 64, 3), (130, 124, 128), np.uint8), scene)


def test_an_unusual_light_is_nearly_always_said_and_no_other():
    rng = np.random.default_rng(9)
    texts = [words(scene_caption("kitchen", {"night"}, rng)) for _ in range(200)]
    night = set(words(PHRASES["night"])) | {"dark"}
    assert np.mean([bool(night & set(text)) for text in texts]) > 0.85
    plain = [words(scene_caption("kitchen", set(), rng)) for _ in range(200)]
    assert not any({"night", "midnight", "moonlight"} & set(text) for text in plain)


def test_a_regraded_picture_has_the_light_it_is_named_for():
    rng = np.random.default_rng(2)
    picture = smooth(rng, (120, 130, 130))
    lit = {light: regrade(picture, "forest", light, rng).astype(float) for light in GRADES}
    assert lit["night"].mean() < 0.6 * picture.mean()
    assert regrade(picture, "street", "night", rng).max() > lit["night"].max() + 40
    assert lit["sunset"][..., 0].mean() > lit["sunset"][..., 2].mean() + 30
    assert lit["misty"].std() < picture.std()


def test_a_studio_is_plain_and_of_its_colour():
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


def test_an_autoencoder_learns_and_then_gives_normal_latents():
    torch.manual_seed(0)
    pictures = torch.nn.functional.interpolate(torch.rand(4, 3, 4, 4), 32, mode="bilinear") * 2 - 1
    autoencoder = build_autoencoder((16, 16, 16))
    trainer = AutoencoderTrainer(autoencoder, lambda count: pictures[:count], 4)
    before = (autoencoder(pictures).sample - pictures).abs().mean()
    trainer.learn(Clock(time.monotonic() + 60, steps=60))
    trainer.sharpen(Clock(time.monotonic() + 60, steps=4))
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


def test_a_tiny_training_gives_a_pipeline_that_plain_diffusers_loads(packed, tmp_path, monkeypatch):
    from diffusers import AutoPipelineForInpainting, StableDiffusionInpaintPipeline

    monkeypatch.setattr(model, "build_unet", functools.partial(model.build_unet, (16, 16, 32, 32)))
    monkeypatch.setattr(
        model, "build_autoencoder", functools.partial(build_autoencoder, (16, 16, 16))
    )
    monkeypatch.setattr(model, "SHEET", ("an ocean",))
    out = tmp_path / "run"
    common = ["--data", str(packed), "--out", str(out), "--batch", "2", "--patches", "2"]
    common += ["--studios", "0", "--placed", "2", "--text-steps", "1", "--shown", "1"]
    common += ["--seconds", "300", "--keep-latents"]
    main([*common, "--steps", "2"])
    done, step, _ = torch.load(out / "state.pt", weights_only=True)["progress"]
    assert step >= 1 and done > 0.3
    main([*common, "--steps", "9", "--resume"])
    assert torch.load(out / "state.pt", weights_only=True)["progress"][1] > step
    for name in ("weights-0.safetensors", "sheet.jpg", "log.txt"):
        assert (out / "export" / name).stat().st_size > 0

    model.main([str(out / "export"), str(tmp_path / "scene")])
    pipeline = AutoPipelineForInpainting.from_pretrained(tmp_path / "scene", dtype=torch.float32)
    assert isinstance(pipeline, StableDiffusionInpaintPipeline)
    assert pipeline.unet.config.in_channels == 9 and pipeline.safety_checker is None
    told = json.loads((tmp_path / "scene" / "starter.json").read_text())
    assert set(told["vocabulary"]) <= set(pipeline.tokenizer.get_vocab())
    call = {
        "prompt": "an ocean",
        "image": Image.new("RGB", (96, 64)),
        "mask_image": Image.new("L", (96, 64), 255),
        "width": 96,
        "height": 64,
        "num_inference_steps": 2,
        "guidance_scale": told["guidance_scale"],
        "output_type": "np",
    }
    first, again = (
        pipeline(**call, generator=torch.Generator().manual_seed(1)).images[0] for _ in range(2)
    )
    assert first.shape == (64, 96, 3) and np.isfinite(first).all()
    assert np.array_equal(first, again)
