"""What stands under a result, and what does not."""

from typing import Any

from bgswap.ui.fragments import summary

LACKING = "stable-diffusion is out of reach; the starter made the scene"
SCENE = {"weights": "ours", "kind": "starter", "license": "mit"}
OTHER = {"weights": "theirs", "kind": "full", "license": "mine"}


def details(**changes: Any) -> dict[str, Any]:
    return {
        "size": [30, 20],
        "kept": [1],
        "people": [{}, {}],
        "seed": 7,
        "seconds": {"find": 0.5},
        "models": {"scene": SCENE | {"note": LACKING}},
        "notes": [LACKING, "The scene adds people <b>"],
    } | changes


def test_notes_of_models_stand_in_the_status_line_alone() -> None:
    shown = summary(details())
    assert "out of reach" not in shown
    assert "The scene adds people &lt;b&gt;" in shown
    other = summary(details(models={"scene": SCENE}))
    assert "out of reach" in other


def test_the_facts_are_told_in_words() -> None:
    shown = summary(details(seed=None))
    for fact in ("30 × 20", "1 of 2", "0.5 s", "scene: starter (license mit)"):
        assert f"<dd>{fact}</dd>" in shown
    both = summary(details(models={"scene": SCENE, "face_vae": SCENE, "matting": OTHER}))
    assert "<dd>scene, face vae: starter (license mit); matting: theirs (license mine)</dd>" in both
    assert "Seed" not in shown, "there is none"
    assert "Seed" in summary(details(seed=7)) and "Models" not in summary(details(models={}))
