"""The drawn subjects and the measures of the edge benchmark: their truth must be true."""

import json

import numpy as np
import pytest
from tiny_vitmatte import save_vitmatte

from benchmarks import edges
from benchmarks.peak import Peak
from benchmarks.subjects import SUBJECTS, draw

HEIGHT, WIDTH = 120, 160


@pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.__name__)
def test_subjects_have_a_solid_body_an_empty_ground_and_soft_edges(kind):
    subject = draw(kind, HEIGHT, WIDTH)
    assert subject.alpha.shape == (HEIGHT, WIDTH) and subject.colors.dtype == np.uint8
    assert (subject.alpha == 1).mean() > 0.03 and (subject.alpha == 0).mean() > 0.2
    assert ((subject.alpha > 0.05) & (subject.alpha < 0.95)).any()
    again = draw(kind, HEIGHT, WIDTH)
    np.testing.assert_array_equal(subject.colors, again.colors)


def test_the_truth_scores_perfectly_and_a_hard_paste_does_not():
    subject = draw(SUBJECTS[0], HEIGHT, WIDTH)
    old, new = (np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (30, 220))

    def truth(photo, mask):
        return subject.alpha, subject.colors

    best = edges.run(truth, subject, old, new, seed=0)
    # half a grey level: the result is rounded
    assert best["composite"] < 0.5 and best["mse"] == best["sad"] == best["gradient"] == 0
    rough = edges.run(edges.hard_paste, subject, old, new, seed=0)
    assert rough["composite"] > 5 and rough["mse"] > 0.01 and rough["gradient"] > 0


def test_damage_goes_by_the_silhouette():
    subject = draw(next(k for k in SUBJECTS if k.__name__ == "veil"), HEIGHT, WIDTH)
    mask = edges.damaged(subject.alpha, seed=0)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    cloth = (subject.alpha > 0.3) & (subject.alpha < 0.9)
    assert mask[cloth].mean() > 0.5


def test_tables_have_a_line_for_every_method_that_ran():
    row = {"composite": 1.0, "mse": 0.1, "sad": 2.0, "gradient": 0.3, "seconds": 1, "megabytes": 5}
    rows = [{"megapixels": 1, "subject": "curls", "method": "ours"} | row]
    table = edges.table(rows)
    assert table.count("\n") == 2 and "| 1 | ours | 1.00 | 0.1000 | 2.00 |" in table


@pytest.mark.parametrize("named", ["by the option", "by the setting", "not"])
def test_vitmatte_has_a_row_where_it_is_named(named, tmp_path, monkeypatch, capsys):
    weights, file = str(save_vitmatte(tmp_path)), tmp_path / "rows.json"
    monkeypatch.setenv("BGSWAP_MATTING", weights if named == "by the setting" else "")
    option = ["--vitmatte", weights] if named == "by the option" else []
    edges.main(["--megapixels", "0.02", "--subjects", "curls", "--json", str(file), *option])
    rows = {row["method"]: row for row in json.loads(file.read_text())}
    assert ("ViTMatte" in rows) == (named != "not")
    assert ("| 0.02 | ViTMatte |" in capsys.readouterr().out) == (named != "not")
    if named != "not":
        errors = [rows[method]["mse"] for method in ("ViTMatte", "ours")]
        assert np.isfinite(errors).all() and errors[0] != errors[1]


def test_a_folder_without_vitmatte_is_a_bad_option(tmp_path, capsys):
    with pytest.raises(SystemExit):
        edges.main(["--vitmatte", str(tmp_path)])
    assert f"{tmp_path} cannot be used" in capsys.readouterr().err


def test_peak_memory_is_what_rose_above_before():
    with Peak() as peak:
        block = np.ones(32_000_000)  # 256 MB; other threads of the tests take a few
    del block
    with Peak() as little:
        pass
    assert np.isnan(peak.megabytes) or peak.megabytes > 200
    assert np.isnan(little.megabytes) or little.megabytes < 50
