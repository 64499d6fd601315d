"""The benchmark of full models, on miniatures of the same classes."""

import json

import pytest

from benchmarks import full_folders, full_models


@pytest.mark.parametrize(("preset", "sdxl"), [("fast", False), ("draft", False), ("quality", True)])
def test_a_tiny_run(tmp_path, capsys, preset, sdxl) -> None:
    file = tmp_path / "figures.json"
    arguments = [str(tmp_path / "models"), "--tiny", "--preset", preset, "--json", str(file)]
    full_models.main(arguments + ["--sdxl"] * sdxl)
    shown = capsys.readouterr().out
    assert "| times faster | 1 |" in shown
    figures = json.loads(file.read_text())
    ours, plain = figures["ours"], figures["plain"]
    steps = {"fast": 4, "draft": 4, "quality": 25}[preset]
    # A scene that is judged bad is generated again with another seed, twice at most.
    assert ours["evaluations"] in (steps, 2 * steps, 3 * steps)
    assert 50 <= plain["evaluations"] <= 51
    assert 0 < ours["first_preview_s"] < ours["seconds"]
    assert plain["seconds"] > 50 * plain["evaluation_s"]
    assert ours["further_seed_s"] > 0
    assert set(ours["stages_s"]) >= {"find", "matte", "scene", "finish"}


def test_the_true_sizes_are_those_of_the_published_models() -> None:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    def millions(network) -> float:
        return sum(p.numel() for p in network.parameters()) / 1e6

    with torch.device("meta"):
        unet = UNet2DConditionModel(in_channels=9, **full_folders.sizes(False, False)["unet"])
        larger = UNet2DConditionModel(in_channels=9, **full_folders.sizes(True, False)["unet"])
        vae = full_folders._autoencoder(full_folders.AUTOENCODER, sdxl=False)
    assert isinstance(vae, AutoencoderKL)
    assert millions(unet) == pytest.approx(859.5, abs=0.1)
    assert millions(larger) == pytest.approx(2567.5, abs=0.1)
    assert millions(vae) == pytest.approx(83.7, abs=0.1)
