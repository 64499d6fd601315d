"""The scene training on drawn pictures: captions, the set autoencoder, the pipeline as it ships."""

import copy
import json
import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

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
from training.scene.autoencoder import (
    build_autoencoder,
    soften,
    to_cells,
    to_signed,
    train_decoder,
)
from training.scene.light import GRADES, regrade
from training.scene.model import build_scheduler
from training.scene.data.pictures import STUDIO_COLOURS, draw_studio, place_person
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
def archives(tmp_path):
    """Ten scenes in two classes, and two people, as zips of the documented layout."""
    rng = np.random.default_rng(0)
    scenes, people = tmp_path / "scenes.zip", tmp_path / "people.zip"
    with zipfile.ZipFile(scenes, "w") as archive:
        for i in range(10):
            name, colour = (("sea", (40, 90, 200)), ("forest", (40, 120, 30)))[i % 2]
            put(archive, f"scenes/train/{name}/{i:05d}.webp", smooth(rng, colour))
    with zipfile.ZipFile(people, "w") as archive:
        mask = np.zeros((60, 40), np.uint8)
        mask[10:58, 12:28] = 255
        for i in range(2):
            photo = rng.integers(0, 255, (60, 40, 3), dtype=np.uint8)
            put(archive, f"people/train/street_{i}.webp", photo)
            put(archive, f"people/train/street_{i}.png", mask)
    return scenes, people


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


def test_the_encoder_is_the_formula_and_the_decoder_undoes_it():
    rng = np.random.default_rng(5)
    pictures = np.stack([smooth(rng, (120, 100, 80)), smooth(rng, (30, 60, 200))])
    autoencoder = build_autoencoder().eval()
    with torch.no_grad():
        latents = autoencoder.encode(to_signed(pictures)).latent_dist.sample()
        decoded = autoencoder.decode(to_cells(pictures)).sample
    assert torch.allclose(latents, to_cells(pictures), atol=0.02)
    inner = (decoded - to_signed(pictures))[..., 8:-8, 8:-8]
    assert inner.abs().mean() < 0.03


def test_training_the_decoder_leaves_the_encoder_and_lowers_the_loss():
    torch.manual_seed(0)
    rng = np.random.default_rng(6)
    pictures = np.stack([smooth(rng, (120, 100, 80), 32) for _ in range(4)])
    autoencoder = build_autoencoder()
    before = {n: p.clone() for n, p in autoencoder.encoder.named_parameters()}
    train_decoder(autoencoder, lambda _: (pictures, to_cells(pictures)), 0.03)
    with torch.no_grad():
        trained = autoencoder.decode(to_cells(pictures)).sample
        plain = build_autoencoder().decode(to_cells(pictures)).sample
    target = soften(to_signed(pictures))
    assert (trained - target).abs().mean() < (plain - target).abs().mean()
    assert all(torch.equal(before[n], p) for n, p in autoencoder.encoder.named_parameters())


def test_the_text_model_tells_prompts_apart():
    tokenizer = build_tokenizer()
    encoder = build_text_encoder(len(tokenizer), width=32, layers=1).eval()
    with torch.no_grad():
        states = encoder(tokenize(tokenizer, ["a sea", "a forest"])).last_hidden_state
    assert states.shape == (2, LENGTH, 32)
    assert not torch.allclose(states[0], states[1])


def test_the_schedule_starts_from_pure_noise():
    scheduler = build_scheduler()
    scheduler.set_timesteps(8)
    assert scheduler.timesteps[0] == 999
    assert scheduler.alphas_cumprod[999] < 1e-3


def test_a_tiny_training_gives_a_pipeline_that_plain_diffusers_loads(
    archives, tmp_path, monkeypatch
):
    from diffusers import AutoPipelineForInpainting, StableDiffusionInpaintPipeline

    from training import scene_model

    small = scene_model.build_unet((16, 32, 32))
    monkeypatch.setattr(scene_model, "build_unet", lambda: copy.deepcopy(small))
    monkeypatch.setattr(scene_model, "SHEET", ("a sea", "a forest"))
    monkeypatch.setattr(scene_model, "STEPS", 2)
    scenes, people = archives
    out = tmp_path / "run"
    common = ["--scenes", str(scenes), "--people", str(people), "--out", str(out)]
    common += ["--pictures", "10", "--batch", "2", "--text-steps", "1", "--decoder-minutes", "0"]
    main([*common, "--minutes", "0.001"])
    state = torch.load(out / "state.pt", weights_only=True)
    longer = state["progress"][0] + 1e-4
    main([*common, "--minutes", str(longer), "--resume"])
    assert torch.load(out / "state.pt", weights_only=True)["progress"][1] > state["progress"][1]
    again = [*common, "--out", str(tmp_path / "again"), "--start-from", str(out / "scene")]
    main([*again, "--minutes", "0.001", "--rate", "0"])
    files = [
        folder / "scene/unet/diffusion_pytorch_model.safetensors"
        for folder in (out, tmp_path / "again")
    ]
    assert files[0].read_bytes() == files[1].read_bytes()

    pipeline = AutoPipelineForInpainting.from_pretrained(out / "scene", dtype=torch.float32)
    assert isinstance(pipeline, StableDiffusionInpaintPipeline)
    assert pipeline.unet.config.in_channels == 9 and pipeline.safety_checker is None
    told = json.loads((out / "scene" / "starter.json").read_text())
    assert set(told["vocabulary"]) <= set(pipeline.tokenizer.get_vocab())
    call = {
        "prompt": "a sea",
        "image": Image.new("RGB", (88, 64)),
        "mask_image": Image.new("L", (88, 64), 255),
        "width": 88,
        "height": 64,
        "num_inference_steps": 2,
        "guidance_scale": told["guidance_scale"],
        "output_type": "np",
    }
    first, again = (
        pipeline(**call, generator=torch.Generator().manual_seed(1)).images[0] for _ in range(2)
    )
    assert first.shape == (64, 88, 3) and np.isfinite(first).all()
    assert np.array_equal(first, again)
