import json
from dataclasses import replace

import av
import numpy as np
import pytest

from lpat.errors import UsageError
from lpat_train.demo.actions import ACTIONS
from lpat_train.demo.plan import Recipe, plan_video
from lpat_train.demo.render import render_dataset, render_video
from lpat_train.demo.scene import paint_frames, visitors
from lpat_train.demo.things import DECOYS, FADE_SECONDS, THINGS, draw_thing

TINY = Recipe(seed=3, width=64, height=48, seconds=(6.0, 7.0))


def decode(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    render_dataset(folder, training=2, test=1, recipe=TINY, processes=1)
    return folder


def test_annotations_tell_of_every_video(rendered):
    document = json.loads((rendered / "annotations.json").read_text())
    assert document["version"] == "lpat-demo 1: seed 3, 64x48, 25 fps, 6-7 s"
    subsets = {name: entry["subset"] for name, entry in document["database"].items()}
    assert subsets == {"training_00": "training", "training_01": "training", "test_00": "test"}
    for name, entry in document["database"].items():
        frames = decode(rendered / "videos" / f"{name}.mp4")
        assert frames.shape == (round(entry["duration"] * 25), 48, 64, 3)
        assert entry["annotations"]


def test_frame_k_is_shown_at_k_over_25(rendered):
    with av.open(str(rendered / "videos" / "test_00.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx(np.arange(len(times)) / 25)


def test_only_whole_videos_are_left(rendered):
    names = sorted(path.name for path in (rendered / "videos").iterdir())
    assert names == ["test_00.mp4", "training_00.mp4", "training_01.mp4"]


def test_the_number_of_processes_changes_nothing(rendered, tmp_path):
    render_dataset(tmp_path, training=2, test=1, recipe=TINY, processes=2)
    for path in (rendered / "videos").iterdir():
        np.testing.assert_array_equal(decode(path), decode(tmp_path / "videos" / path.name))


def test_a_video_is_the_same_whatever_the_number_of_videos():
    plan = plan_video(TINY, "training", 1)
    first, again = paint_frames(plan), paint_frames(plan_video(TINY, "training", 1))
    for _ in range(5):
        np.testing.assert_array_equal(next(first), next(again))


def test_seed_subset_and_index_each_give_another_video():
    other = Recipe(seed=4, width=64, height=48, seconds=(6.0, 7.0))
    plans = [
        plan_video(TINY, "training", 0),
        plan_video(other, "training", 0),
        plan_video(TINY, "test", 0),
        plan_video(TINY, "training", 1),
    ]
    pictures = [next(paint_frames(plan)).tobytes() for plan in plans]
    assert len(set(pictures)) == len({plan.instances for plan in plans}) == 4


def test_rendered_videos_are_kept(rendered):
    before = {path: path.stat().st_mtime_ns for path in (rendered / "videos").iterdir()}
    told = []
    render_dataset(
        rendered, training=2, test=1, recipe=TINY, progress=lambda *news: told.append(news)
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert told == [("training_00", 1, 3), ("training_01", 2, 3), ("test_00", 3, 3)]


def test_broken_and_outdated_videos_are_rendered_again(tmp_path):
    videos = tmp_path / "videos"
    old = Recipe(seed=9, width=64, height=48, seconds=(6.0, 6.0))
    render_video(plan_video(old, "training", 0), videos / "training_00.mp4")
    (videos / "test_00.mp4").write_bytes(b"not a video")
    stale = decode(videos / "training_00.mp4")
    render_dataset(tmp_path, training=1, test=1, recipe=TINY, processes=1)
    assert not np.array_equal(decode(videos / "training_00.mp4")[:10], stale[:10])
    assert len(decode(videos / "test_00.mp4")) == plan_video(TINY, "test", 0).frames


def test_annotations_of_somebody_else_are_never_overwritten(tmp_path):
    path = tmp_path / "annotations.json"
    for text in ('{"database": {}}', "[]", "{"):
        path.write_text(text)
        with pytest.raises(UsageError, match="expected the demo's own annotations"):
            render_dataset(tmp_path, training=1, test=0, recipe=TINY)
        assert path.read_text() == text


@pytest.mark.parametrize("seconds", [(6.0, 6.0), (12.0, 15.0), (20.0, 40.0), (300.0, 300.0)])
def test_actions_have_the_promised_lengths_and_share(seconds):
    recipe = Recipe(seconds=seconds)
    for index in range(60):
        plan = plan_video(recipe, "training", index)
        lengths = [instance.end - instance.start for instance in plan.instances]
        assert all(1.5 - 1e-9 <= length <= 6 for length in lengths)
        assert 0.25 - 1e-9 <= sum(lengths) / plan.duration <= 0.45 + 1e-9
        borders = [0.0, *(t for i in plan.instances for t in (i.start, i.end)), plan.duration]
        assert (np.diff(borders)[::2] >= 0.6 - 1e-9).all()
        if seconds == (20.0, 40.0):
            assert 2 <= len(lengths) <= 6
            assert seconds[0] <= plan.duration <= seconds[1]


def test_every_class_is_the_main_one_equally_often():
    plans = [plan_video(Recipe(), "training", index) for index in range(100)]
    present = [{instance.label for instance in plan.instances} for plan in plans]
    assert all(1 <= len(labels) <= 2 for labels in present)
    assert 10 <= sum(len(labels) == 2 for labels in present) <= 50
    for label in ACTIONS:
        assert sum(label in labels for labels in present) >= 20


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_start_and_end_at_rest_and_move_between(name):
    seconds = np.linspace(0, 3, 301)
    offsets = ACTIONS[name](seconds, 3.0, np.random.default_rng(0))
    assert offsets.shape == (301, 4)
    np.testing.assert_allclose(offsets[0], 0, atol=1e-9)
    np.testing.assert_allclose(offsets[-1, [0, 1, 3]], 0, atol=1e-9)  # a spin may end turned
    assert np.abs(np.diff(offsets, axis=0)).max() < 0.1
    assert np.abs(offsets[20:280]).max() > 0.05


@pytest.mark.parametrize("name", THINGS)
def test_things_fill_their_picture_in_two_colours_and_are_told_apart_by_shape(name):
    picture = draw_thing(THINGS[name], 96, np.random.default_rng(0))
    alpha = picture[..., 3]
    assert picture.shape == (96, 96, 4)
    assert 0.15 < (alpha > 127).mean() < 0.6
    assert not alpha[[0, -1]].any()
    assert not alpha[:, [0, -1]].any()
    assert (picture[..., :3] <= alpha[..., None]).all()  # multiplied by it
    inside = picture[alpha == 255][:, :3]
    common = np.unique(inside, axis=0, return_counts=True)[1]
    assert np.sort(common)[-2:].sum() > 0.8 * len(inside)
    for other in set(THINGS) - {name}:
        its = draw_thing(THINGS[other], 96, np.random.default_rng(0))[..., 3]
        assert ((alpha > 127) != (its > 127)).mean() > 0.05


def test_a_label_changes_nothing_but_what_is_there_meanwhile():
    plan = plan_video(replace(TINY, kind="appearance"), "training", 2)
    (first, *others) = plan.instances
    pictures = [
        np.stack(
            list(paint_frames(replace(plan, instances=(replace(first, label=label), *others))))
        )
        for label in ("star", "heart")
    ]
    differ = np.flatnonzero((pictures[0] != pictures[1]).any(axis=(1, 2, 3))) / TINY.fps
    assert len(differ) > 0.8 * (first.end - first.start) * TINY.fps
    assert first.start - FADE_SECONDS <= differ.min()
    assert differ.max() <= first.end + FADE_SECONDS


def test_the_kind_is_part_of_the_recipe_and_decides_the_labels():
    shown = replace(TINY, kind="appearance")
    assert str(shown) == "lpat-demo 1 appearance: seed 3, 64x48, 25 fps, 6-7 s"
    plans = [plan_video(shown, "training", index) for index in range(5)]
    assert [plan.instances[0].label for plan in plans if len(plan.instances) == 1] != []
    assert {its.label for plan in plans for its in plan.instances} <= set(THINGS)


def test_things_without_a_label_come_between_and_stay_as_long():
    recipe = Recipe(kind="appearance")
    lengths = []
    for index in range(12):
        plan = plan_video(recipe, "training", index)
        seconds = np.arange(plan.frames) / recipe.fps
        free = np.ones(plan.frames, bool)
        for its in plan.instances:
            free &= (seconds < its.start - 0.1) | (seconds > its.end + 0.1)
        for outline, poses in visitors(plan, seconds, 4 / 3):
            if outline in DECOYS:
                there = poses[:, 4] > 0
                assert free[there].all()
                lengths.append(there.sum() / recipe.fps)
    assert len(lengths) > 12
    assert 2 < np.mean(lengths) < 4.5


def test_labels_change_nothing_but_the_motion_during_actions():
    plan = plan_video(TINY, "training", 2)
    (first, *others) = plan.instances
    pictures = [
        np.stack(
            list(paint_frames(replace(plan, instances=(replace(first, label=label), *others))))
        )
        for label in ("swing", "hop")
    ]
    differ = np.flatnonzero((pictures[0] != pictures[1]).any(axis=(1, 2, 3))) / TINY.fps
    assert len(differ) > 10
    assert first.start <= differ.min()
    assert differ.max() <= first.end


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 63}, "even and at least 32, not 63x144"),
        ({"height": 16}, "not 192x16"),
        ({"seconds": (3.0, 9.0)}, "at least 6 seconds, not 3 to 9"),
        ({"seconds": (30.0, 20.0)}, "not 30 to 20"),
        ({"seed": -1}, "must not be negative, not -1"),
    ],
)
def test_impossible_recipes_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        Recipe(**settings)


def test_negative_numbers_of_videos_are_refused(tmp_path):
    with pytest.raises(UsageError, match="not -1 and 2"):
        render_dataset(tmp_path, training=-1, test=2)
