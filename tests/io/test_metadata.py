"""What a file says of itself is true, complete and readable by others."""

import numpy as np
import pytest
from PIL import Image

from bgswap.errors import BadInput
from bgswap.io import encoding, images, metadata

IMAGE = np.full((40, 50, 3), 128, np.uint8)
DETAILS = {
    "prompt": 'a <b>jungle</b> & "sunset" at 5 > 4',
    "seed": 7,
    "models": {"scene": "starter", "people": "yolov8m-seg.pt (full)"},
    "people": [{"number": 1, "box": [1, 2, 3, 4]}],
    "notes": ["read from a private folder"],
}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_round_trip(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    metadata.save(IMAGE, path, DETAILS)
    recorded = metadata.read(path)
    assert {key: recorded[key] for key in ("prompt", "seed", "models")} == {
        key: DETAILS[key] for key in ("prompt", "seed", "models")
    }
    assert recorded["digital_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert "AI-generated" in recorded["description"]
    assert recorded["software"].startswith("bgswap ")
    assert np.abs(images.open_photo(path).astype(int) - IMAGE).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize(
    "prompt", ["пляж на закате", "海辺の夕暮れ 🌅", "élan ]]> --> <!-- 'x'", "a\nb"]
)
def test_any_prompt_comes_back(tmp_path, suffix, prompt):
    path = tmp_path / f"a{suffix}"
    metadata.save(IMAGE, path, DETAILS | {"prompt": prompt, "negative_prompt": prompt})
    recorded = metadata.read(path)
    assert recorded["prompt"] == prompt
    assert recorded["negative_prompt"] == prompt


def test_characters_that_xml_cannot_hold_are_left_out(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", {"prompt": "sun\0\x08\ud800\uffff set"})
    assert metadata.read(tmp_path / "a.png")["prompt"] == "sun set"


def test_longest_prompts_fit_a_jpeg(tmp_path):
    longest = {"prompt": "&" * 1000, "negative_prompt": "🌅" * 1000}
    metadata.save(IMAGE, tmp_path / "a.jpg", longest)
    assert metadata.read(tmp_path / "a.jpg")["prompt"] == "&" * 1000


def test_others_can_read_it(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", DETAILS)
    with Image.open(tmp_path / "a.png") as png:
        assert png.text["prompt"] == DETAILS["prompt"]
        assert png.text["seed"] == "7"
        assert "AI-generated" in png.text["Description"]
        assert "Iptc4xmpExt:DigitalSourceType" in png.text["XML:com.adobe.xmp"]
        assert png.info["srgb"] == 0
    metadata.save(IMAGE, tmp_path / "a.jpg", DETAILS)
    with Image.open(tmp_path / "a.jpg") as jpeg:
        assert "AI-generated" in jpeg.getexif()[0x010E]
        assert jpeg.info["icc_profile"]


def test_only_what_concerns_the_picture_is_reported(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", DETAILS)
    content = (tmp_path / "a.png").read_bytes()
    assert b"private folder" not in content
    assert b"box" not in content


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_cut_out_claims_no_generated_part(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    metadata.save(np.zeros((40, 50, 4), np.uint8), path, {"models": {"people": "starter"}})
    recorded = metadata.read(path)
    assert recorded["digital_source_type"] is None
    assert "nothing in it was generated" in recorded["description"]
    assert b"TrainedAlgorithmicMedia" not in path.read_bytes()


def test_foreign_and_broken_packets_tell_nothing(tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.webp")
    assert metadata.read(tmp_path / "a.webp") == {}
    for packet in ("<x", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>{</a>"):
        encoding.save(IMAGE, tmp_path / "b.jpg", xmp=f"{packet} {metadata.OWN}")
        assert metadata.read(tmp_path / "b.jpg") == {}


def test_refusals(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    for path in (tmp_path / "a.png", tmp_path / "none.png"):
        with pytest.raises(BadInput):
            metadata.read(path)
    with pytest.raises(BadInput, match=r"\.png"):
        metadata.save(IMAGE, tmp_path / "a.bmp", DETAILS)


def test_an_empty_prompt_still_means_generated(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", {"prompt": "", "seed": 0})
    recorded = metadata.read(tmp_path / "a.png")
    assert recorded["digital_source_type"] == metadata.SOURCE_TYPE
    assert recorded["seed"] == 0


def test_a_packet_with_a_document_type_is_not_read(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", DETAILS)
    with Image.open(tmp_path / "a.png") as png:
        packet = png.text["XML:com.adobe.xmp"]
    declared = packet.replace("<x:xmpmeta", '<!DOCTYPE x [<!ENTITY a "b">]><x:xmpmeta', 1)
    encoding.save(IMAGE, tmp_path / "b.png", xmp=declared)
    assert declared != packet
    assert metadata.read(tmp_path / "b.png") == {}


def test_a_packet_of_another_program_tells_nothing(tmp_path):
    encoding.save(
        IMAGE, tmp_path / "a.png", xmp="<x><description>somebody else's</description></x>"
    )
    assert metadata.read(tmp_path / "a.png") == {}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize(
    ("background", "words"),
    [("picture", "another picture"), ("color", "plain color"), ("blur", "out of focus")],
)
def test_a_background_that_no_model_made_claims_no_generated_part(
    tmp_path, suffix, background, words
):
    path = tmp_path / f"a{suffix}"
    metadata.save(IMAGE, path, DETAILS | {"background": background})
    recorded = metadata.read(path)
    assert (
        words in recorded["description"]
        and "nothing in it was generated" in recorded["description"]
    )
    assert recorded["background"] == background and recorded["models"] == DETAILS["models"]
    assert recorded["digital_source_type"] is None
    assert "prompt" not in recorded and "seed" not in recorded


def test_a_scene_is_generated_whether_it_is_named_or_not(tmp_path):
    metadata.save(IMAGE, tmp_path / "a.png", DETAILS | {"background": "scene"})
    recorded = metadata.read(tmp_path / "a.png")
    assert recorded["digital_source_type"] == metadata.SOURCE_TYPE
    assert recorded["prompt"] == DETAILS["prompt"] and recorded["background"] == "scene"


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_less_quality_is_a_smaller_file_that_still_says_how_it_was_made(tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    sizes = []
    for quality in (100, 60, 10):
        path = tmp_path / f"{quality}{suffix}"
        metadata.save(noise, path, DETAILS, quality=quality)
        assert metadata.read(path)["prompt"] == DETAILS["prompt"]
        sizes.append(path.stat().st_size)
    assert sizes[0] > 1.3 * sizes[1] > 1.3 * 1.3 * sizes[2]


def test_png_is_lossless_at_any_quality(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    metadata.save(noise, tmp_path / "a.png", DETAILS, quality=1)
    assert np.array_equal(images.open_photo(tmp_path / "a.png"), noise)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_out_of_its_bounds_is_refused(tmp_path, quality):
    with pytest.raises(BadInput, match="quality must be from 1 to 100"):
        metadata.save(IMAGE, tmp_path / "a.jpg", DETAILS, quality=quality)
    assert not (tmp_path / "a.jpg").exists()
