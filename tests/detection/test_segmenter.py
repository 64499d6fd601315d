"""Segment Anything 2, in its own classes and with random weights, segments what is clicked on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from blobs import look, scene
from photos import ZIDANE
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2MaskDecoderConfig,
    Sam2Model,
    Sam2PromptEncoderConfig,
    Sam2VisionConfig,
)

from bgswap import BackgroundSwapper, Person, Settings
from bgswap.detection.search_point import Segment, search_point
from bgswap.detection.segmenter import Segmenter
from bgswap.io.images import open_photo


def tiny() -> Sam2Model:
    torch.manual_seed(0)
    backbone = Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[128, 128],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 2, 2],
        blocks_per_stage=[1, 2, 2, 1],
        global_attention_blocks=[4],
    )
    vision = Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
        fpn_hidden_size=32,
    )
    prompts = Sam2PromptEncoderConfig(hidden_size=32, image_size=128)
    decoder = Sam2MaskDecoderConfig(
        hidden_size=32, mlp_dim=32, num_attention_heads=2, iou_head_hidden_dim=32
    )
    config = Sam2Config(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
    )
    return Sam2Model(config)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sam2")
    tiny().save_pretrained(path)
    return path


class Proposing(Segmenter):
    """Proposes a speck, the whole photo, and a disc around (60, 40), from the likeliest on."""

    def __init__(self, scores: tuple[float, float, float] = (0.99, 0.9, 0.8)) -> None:
        super().__init__(tiny())
        self.scores = np.array(scores)

    def _run(self, photo, point):
        rows, columns = np.mgrid[:32, :32]
        disc = 3 * (6 - np.hypot(rows - 12.5, columns - 14.5))
        speck = np.where((rows == 12) & (columns == 14), 0.1, -9)
        logits = np.stack([speck, np.full((32, 32), 9), disc])
        return logits.astype(np.float32), self.scores


def test_it_runs_on_photos_of_any_size_and_points_move_the_masks(folder: Path) -> None:
    segmenter = Segmenter.from_folder(folder)
    segmenter.check()
    photo = open_photo(ZIDANE)[:300, :500]
    first, scores = segmenter._run(photo, (50, 250))
    second, _ = segmenter._run(photo, (450, 30))
    assert first.shape == second.shape == (3, 32, 32) and scores.shape == (3,)
    assert np.abs(first - second).max() > 0.1 * np.abs(first).max()


def test_the_likeliest_mask_of_a_useful_size_is_taken() -> None:
    photo = np.zeros((100, 130, 3), np.uint8)
    found = Proposing().segment(photo, (60, 40))
    assert found is not None and found.confidence == pytest.approx(0.8)
    rows, columns = np.nonzero(found.mask > 0.5)
    assert abs(rows.mean() - 40) < 2 and abs(columns.mean() - 60) < 2
    assert found.size == (100, 130)
    assert Proposing().segment(photo, (5, 95)) is None, "beside the disc"
    assert Proposing((0.99, 0.9, 0.4)).segment(photo, (60, 40)) is None, "a doubtful mask"


def test_a_person_whom_the_detector_is_sure_of_comes_first() -> None:
    photo, point = scene((40, 20, 80, 60), size=(100, 130)), (60, 40)

    def found(confidence: float, segment: Segment, *known: Person) -> Person | None:
        def detect(picture: np.ndarray) -> list[Person]:
            return [replace(person, confidence=confidence) for person in look(picture)]

        return search_point(photo, point, known, detect, segment=segment)

    sure = found(0.9, Proposing().segment)
    assert sure is not None and sure.confidence == 0.9
    thing = found(0.3, Proposing().segment)
    assert thing is not None and (thing.confidence, thing.number) == (pytest.approx(0.8), 1)
    unsure = found(0.3, lambda *_: None)
    assert unsure is not None and unsure.confidence == 0.3
    assert found(0.3, Proposing().segment, sure) is None


def test_a_setting_names_it_and_without_it_nothing_is_missing(folder: Path) -> None:
    swapper = BackgroundSwapper.from_settings(Settings(segmenter=str(folder), device="cpu"))
    loaded = swapper.models.segmenter()
    assert loaded is not None and loaded.weights.kind == "full"
    for settings in (Settings(segmenter=""), Settings(models="starter")):
        assert BackgroundSwapper.from_settings(settings).models.segmenter() is None


def test_broken_weights_are_rejected(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"mlp_dim": 32', '"mlp_dim": 16'))
    settings = Settings(segmenter=str(tmp_path), device="cpu")
    swapper = BackgroundSwapper.from_settings(settings)
    assert swapper.models.segmenter() is None
    assert "does not work as a segmenter" in " ".join(swapper.models.status())
