"""The cut-out benchmark, its peers and its sheets, on sets drawn here and with known finders."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from labelled_photos import HEIGHT, PHOTO, WIDTH, Swapper, box, labelled_sets, person
from PIL import Image

from benchmarks import cutouts
from benchmarks.cutout_scores import EVERYONE, KEPT, MASKS, Stopwatch, cut_out, summary, table
from benchmarks.cutout_sheets import Shown, over_colors, sheet
from benchmarks.peers import Peer, peers
from benchmarks.robustness import (
    ALTERED,
    dark,
    grey,
    mirrored,
    robustness,
    robustness_table,
    same_people,
)
from benchmarks.val_sets import part_of, right_people, sampled, val_photos


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, Path]:
    return labelled_sets(tmp_path)


def test_sets_hold_the_labelled_val_photos_and_nothing_else(sets):
    photos = val_photos(**sets)
    counts = {name: sum(p.set == name for p in photos) for name in ("street", "varied", "everyday")}
    assert counts == {"street": 12, "varied": 24, "everyday": 12}
    assert all(p.salient == (p.set != "varied") for p in photos)
    photo, truth = photos[0].read()
    assert photo.shape == (HEIGHT, WIDTH, 3) and photo.dtype == np.uint8
    np.testing.assert_array_equal(truth, box(10, 30))
    assert val_photos() == []


def test_the_parts_have_nothing_in_common_and_samples_grow(sets):
    photos = val_photos(**sets)
    choice, figures = ({p.name for p in sampled(photos, part)} for part in ("choice", "figures"))
    assert choice and figures and not choice & figures
    assert len(choice | figures) == len({p.name for p in photos})
    assert all(part_of(name) == "choice" for name in choice)
    few, more = (sampled(photos, "figures", limit) for limit in (2, 4))
    assert {p.name for p in few} < {p.name for p in more}
    assert sum(p.set == "street" for p in few) == 2
    assert [p.name for p in few] == [p.name for p in sampled(photos[::-1], "figures", 2)]
    # the same on every machine, for good: thresholds may have been chosen on one part
    parts = [part_of(f"street_{n:04}") for n in (1, 2, 3, 4)]
    assert parts == ["figures", "choice", "figures", "figures"]


def test_everyday_photos_may_be_named_and_small_people_left_out(sets, tmp_path, monkeypatch):
    names = tmp_path / "names.txt"
    names.write_text("3\n7\n")
    given = [f"--{name}={path}" for name, path in sets.items() if name in ("everyday", "more")]
    monkeypatch.setattr("sys.argv", ["cutouts", *given, "--part=all", f"--names={names}"])
    photos = cutouts.chosen_photos(cutouts.parsed())
    assert {p.name for p in photos if p.set == "everyday"} == {"3", "7"} and len(photos) == 14
    monkeypatch.setattr("sys.argv", ["cutouts", *given, "--part=all", "--least-area=0.2"])
    assert not cutouts.chosen_photos(cutouts.parsed())


def test_the_right_people_are_those_inside_the_ground_truth():
    truth = box(10, 30)
    mostly, hardly, outside = (person(box(*x)) for x in ((12, 34), (25, 50), (60, 70)))
    assert right_people([mostly, hardly, outside], truth, one=False)[0] == [mostly]
    both = person(box(11, 29)), mostly
    assert right_people(both, truth, one=False) == (list(both), [])
    assert right_people(both, truth, one=True) == ([both[0]], [both[1]])
    assert right_people([hardly], truth, one=True)[0] == [hardly]
    assert right_people([outside], truth, one=True) == ([], [outside])
    assert right_people([], truth, one=True) == ([], [])


def test_cut_outs_of_everyone_and_of_the_right_people(sets):
    entry = val_photos(people512=sets["people512"])[0]
    photo, truth = entry.read()
    cutout = cut_out(Swapper(truth, box(60, 70)), photo, truth, one=False)
    rows = {row["method"]: row for row in cutout.rows(entry, truth)}
    assert rows[KEPT]["iou"] == rows[MASKS]["iou"] == 1 and rows[KEPT]["boundary_iou"] == 1
    assert rows[EVERYONE]["iou"] == pytest.approx(2 / 3)
    assert rows[KEPT]["found"] == 2 and rows[KEPT]["stay"] == 1
    assert rows[KEPT]["seconds"] >= rows[MASKS]["seconds"] > 0
    for swapper in (Swapper(), Swapper(box(60, 70))):
        nothing = cut_out(swapper, photo, truth, one=False)
        assert [row["iou"] for row in nothing.rows(entry, truth)] == [0, 0, 0]


def test_summary_tells_useless_photos_and_alphas_worse_than_their_masks():
    def rows(photo, mask, alpha):
        times = {"seconds": 1.0, "cpu_seconds": 2.0, "boundary_iou": 0.5}
        return [
            {"set": "street", "photo": photo, "method": m, "iou": v} | times
            for m, v in ((EVERYONE, alpha), (KEPT, alpha), (MASKS, mask))
        ]

    made = [*rows("a", 0.9, 0.92), *rows("b", 0.85, 0.79), *rows("c", 0.9, 0.896)]
    everyone, kept, masks = summary(made)
    assert kept["worse_than_masks"] == pytest.approx(1 / 3)
    assert kept["under_usable"] == pytest.approx(1 / 3) and masks["under_usable"] == 0
    assert "worse_than_masks" not in everyone and everyone["photos"] == 3
    lines = table([everyone, kept, masks]).splitlines()
    assert len(lines) == 5 and "| 33.3% | 33.3% | 1.00 | 2.00 |" in lines[3]


def test_all_methods_are_measured_and_the_worst_of_ours_shown_first(sets, tmp_path):
    photos = sampled(val_photos(**sets), "all", 2)
    half = Peer("half", lambda: lambda photo: box(10, 20), tmp_path / "cache")
    seen = []
    swapper = Swapper(box(10, 25))
    rows, worst = cutouts.measure(swapper, photos, [half], lambda r: seen.append(len(r)))
    assert len(photos) == 6 and len(rows) == 6 * 4 and seen[-1] == len(rows)
    assert {r["iou"] for r in rows if r["method"] == "half"} == {0.5}
    assert len(worst) == 6 and "IoU 0.750, 1 of 1" in worst[0].words
    alone, shown = cutouts.measure(None, photos, [half])
    assert len(alone) == 6 and not shown


def test_results_of_peers_are_kept_on_disk(tmp_path):
    calls = []

    def load():
        def cut(photo):
            calls.append(photo)
            return np.full(photo.shape[:2], 0.2, np.float32)

        return cut

    first, times = Peer("A peer", load, tmp_path)(PHOTO)
    again, known = Peer("A peer", lambda: pytest.fail("loaded again"), tmp_path)(PHOTO)
    np.testing.assert_array_equal(first, again)
    assert times == known and first[0, 0] == np.float32(51) / 255 and first.dtype == np.float32
    count = len(calls)
    Peer("A peer", load, tmp_path)(PHOTO[:, ::-1][:-1])
    assert len(calls) > count


def test_missing_peers_are_named_and_left_out(tmp_path, capsys):
    assert peers(tmp_path) == []
    said = capsys.readouterr().out
    assert "MediaPipe Selfie is left out" in said and "ISNet is left out" in said
    assert peers(None) == []


def find_bright(photo: np.ndarray) -> list[np.ndarray]:
    """A finder that takes each bright block for a person."""
    bright = (photo.mean(axis=2) > 50).astype(np.uint8)
    count, labels = cv2.connectedComponents(bright)
    return [np.float32(labels == n) for n in range(1, count)]


def test_robustness_sees_people_lost_and_pairs_the_others():
    photo = np.uint8(200 * (box(10, 30) + box(50, 70)))[..., None].repeat(3, axis=2)
    photo[:, 50:70][photo[:, 50:70] > 0] = 120
    rows = {row["copy"]: row for row in robustness(find_bright, [("drawn", photo)])}
    assert set(rows) == {a.__name__.replace("_", " ") for a in ALTERED}
    assert rows["grey"]["same"] and rows["mirrored"]["same"] and rows["half size"]["same"]
    assert rows["mirrored"]["least_iou"] == 1
    assert not rows["dark"]["same"] and rows["dark"]["found"] == 1
    assert rows["dark"]["least_iou"] == 0 and rows["dark"]["mean_iou"] == 0.5
    assert robustness_table(rows.values()).count("\n") == 1 + len(ALTERED)


def test_an_extra_person_is_a_different_result():
    same = same_people([box(10, 30)], [box(50, 70), box(10, 29)])
    assert same["least_iou"] == pytest.approx(0.95) and not same["same"]
    assert same_people([], [])["same"] and not same_people([], [box(1, 2)])["same"]
    assert not same_people([box(1, 9)], [])["same"]


def test_altered_copies_keep_what_they_should():
    noise = np.random.default_rng(0).integers(0, 256, (31, 41, 3), dtype=np.uint8)
    assert all(alter(noise).dtype == np.uint8 for alter in ALTERED)
    np.testing.assert_array_equal(mirrored(mirrored(noise)), noise)
    assert np.ptp(grey(noise), axis=2).max() == 0
    assert dark(noise).max() <= 77


def test_sheets_have_a_place_for_everyone():
    alpha = box(10, 30)
    assert over_colors(PHOTO, alpha).shape == (HEIGHT, 3 * WIDTH, 3)
    np.testing.assert_array_equal(over_colors(PHOTO, 0 * alpha)[0, -1], (0, 0, 0))
    tall = Shown("tall", PHOTO[:, :40], alpha[:, :40], alpha[:, :40])
    picture = sheet([Shown("wide", PHOTO, alpha, alpha), tall, tall])
    assert picture.dtype == np.uint8 and picture.shape[0] > 2 * 260


def test_a_cut_out_is_shown_at_full_size(tmp_path):
    cutouts.show(Swapper(box(10, 30)), [("one", PHOTO)], tmp_path / "new")
    with Image.open(tmp_path / "new" / "one.jpg") as picture:
        assert picture.size == (3 * WIDTH, HEIGHT)
    cutouts.show(Swapper(), [("nobody", PHOTO)], tmp_path / "new")
    assert (tmp_path / "new" / "nobody.jpg").is_file()


def test_a_stopwatch_adds_up():
    watch = Stopwatch()
    for _ in range(2):
        with watch:
            sum(range(1000))
    assert watch.times["seconds"] > 0
