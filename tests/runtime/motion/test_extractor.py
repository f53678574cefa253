from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import cast

import cv2
import numpy as np
import pytest
from tests.runtime.drawn import Drawn, TickOf

from lpat.errors import FeatureError
from lpat.motion.descriptors import (
    DESCRIPTORS,
    cell_weights,
    describe_appearance,
    gradients,
    oriented,
    pooled,
)
from lpat.motion.extractor import MotionExtractor
from lpat.motion.flow import BATCH, LONGEST_HOLD, MOST_THREADS, READ_AHEAD, flow_fields
from lpat.types import Float32Array
from lpat.video.resampling import Tick

EVERYTHING = MotionExtractor(descriptors=",".join(DESCRIPTORS))
Picture = Callable[[int], np.ndarray]


def ticks(picture: Picture, count: int, hold: int = 1) -> Iterator[Tick]:
    """So many ticks of pictures that are each held for `hold` ticks."""
    for index in range(count):
        frame = Drawn(picture(index // hold * hold))
        yield cast(Tick, TickOf(index, frame, index % hold > 0))


def texture(height: int = 120, width: int = 160, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), np.empty(0), 0, 255, cv2.NORM_MINMAX)


GROUND, PATCH = texture(seed=1), texture(40, 40, seed=2)


def patch_moving(velocity: tuple[float, float]) -> Picture:
    """A patch that moves to and fro from the middle of a still ground, `velocity` a tick."""

    def picture(index: int) -> np.ndarray:
        steps = index % 16 - 8
        x, y = (80 + velocity[0] * steps, 60 + velocity[1] * steps)
        shown = GROUND.copy()
        matrix = np.array([[1, 0, x - 20], [0, 1, y - 20]], np.float32)
        warped = cv2.warpAffine(PATCH, matrix, (160, 120))
        inside = cv2.warpAffine(np.full((40, 40), 255, np.uint8), matrix, (160, 120)) > 127
        shown[inside] = warped[inside]
        return shown

    return picture


def still(_: int) -> np.ndarray:
    return GROUND


def features(
    pictures: Iterator[Tick], extractor: MotionExtractor = EVERYTHING, stride: int = 16
) -> Float32Array:
    return np.stack(list(extractor.extract(pictures, extractor.spec(stride=stride))))


def block(values: Float32Array, name: str, extractor: MotionExtractor = EVERYTHING) -> Float32Array:
    return values[..., extractor.blocks[name]]


def floats(values: object) -> Float32Array:
    return np.array(values, np.float32)


class TestFields:
    @pytest.mark.parametrize("direction", range(8))
    def test_a_vector_in_a_direction_fills_its_channel_only(self, direction: int):
        angle = direction * np.pi / 4
        x, y = floats([[3 * np.cos(angle)]]), floats([[3 * np.sin(angle)]])
        channels = np.empty((8, 1, 1), np.float32)
        oriented(x, y, np.hypot(x, y), out=channels)
        expected = np.zeros(8)
        expected[direction] = 3
        np.testing.assert_allclose(channels.ravel(), expected, atol=1e-5)

    def test_a_vector_between_two_directions_is_shared_equally(self):
        angle = np.pi / 8
        x, y = floats([np.cos(angle)]), floats([np.sin(angle)])
        channels = np.empty((8, 1), np.float32)
        oriented(x, y, np.ones(1, np.float32), out=channels)
        assert channels[0, 0] == pytest.approx(channels[1, 0], abs=1e-6)
        assert channels[0, 0] > 0.7
        np.testing.assert_allclose(channels[2:], 0, atol=1e-6)

    def test_gradients_of_a_plane_are_its_slopes_up_to_the_border(self):
        plane = floats(2 * np.arange(5)[None] + 3 * np.arange(4)[:, None])
        along_x, along_y = gradients(plane)
        np.testing.assert_array_equal(along_x, 2)
        np.testing.assert_array_equal(along_y, 3)

    @pytest.mark.parametrize(("length", "cells"), [(80, 4), (60, 3), (7, 2), (5, 1)])
    def test_each_position_belongs_to_cells_by_a_total_of_one(self, length: int, cells: int):
        np.testing.assert_allclose(cell_weights(length, cells).sum(axis=0), 1, rtol=1e-6)

    def test_cells_add_up_to_the_mean_of_the_field(self):
        channels = np.random.default_rng(0).random((2, 3, 60, 80), np.float32)
        cells = pooled(channels, cell_weights(60, 3), cell_weights(80, 4))
        assert cells.shape == (3, 3, 4, 2)
        np.testing.assert_allclose(cells.sum(axis=(1, 2)), channels.mean(axis=(2, 3)).T, rtol=1e-5)


class TestFeature:
    def test_dimension_is_that_of_the_vectors_and_blocks_fill_it(self):
        for extractor in (MotionExtractor(), EVERYTHING, MotionExtractor(rows=1, phases=2)):
            values = features(ticks(still, 17), extractor)
            assert values.shape == (2, extractor.dimension)
            assert values.dtype == np.float32
            edges = [edge for b in extractor.blocks.values() for edge in (b.start, b.stop)]
            assert edges[0] == 0
            assert edges[-1] == extractor.dimension
            assert edges[1:-1:2] == edges[2::2]

    @pytest.mark.parametrize(
        ("velocity", "direction"), [((3, 0), 0), ((0, 2), 2), ((-3, 0), 4), ((0, -2), 6)]
    )
    def test_direction_of_a_moving_patch_leads_its_histogram(self, velocity, direction):
        values = features(ticks(patch_moving(velocity), 16))[0]
        histogram = block(values, "hof").reshape(4, 8).sum(axis=0)
        assert histogram.argmax() == direction
        assert block(values, "velocity")[-2:][direction % 4 // 2] * (1, -1)[direction // 4] > 0.5

    def test_motion_is_told_from_rest(self):
        moving = features(ticks(patch_moving((3, 0)), 16))[0]
        resting = features(ticks(still, 16))[0]
        np.testing.assert_array_equal(block(resting, "hof"), 0)
        np.testing.assert_allclose(block(resting, "rest"), 1, atol=1e-3)
        assert block(moving, "rest").mean() < block(resting, "rest").mean()
        assert block(moving, "speed").sum() > 0.5

    def test_mirrored_video_exchanges_left_and_right(self):
        move = patch_moving((3, 1))
        plain = features(ticks(move, 16))[0]
        mirrored = features(ticks(lambda i: np.ascontiguousarray(move(i)[:, ::-1]), 16))[0]
        there = block(plain, "hof").reshape(4, 8)
        back = block(mirrored, "hof").reshape(4, 8)[:, [4, 3, 2, 1, 0, 7, 6, 5]]
        np.testing.assert_allclose(there, back, atol=0.1)

    def test_shaking_camera_is_no_motion(self):
        wide = texture(160, 200, seed=3)

        def shaken(index: int) -> np.ndarray:
            x, y = 20 + 6 * (index % 2), 20 + 3 * (index % 3)
            return np.ascontiguousarray(wide[y : y + 120, x : x + 160])

        values = features(ticks(shaken, 16))[0]
        assert block(values, "speed").max() < np.log1p(1)

    def test_a_cut_is_no_motion(self):
        def cut(index: int) -> np.ndarray:
            return GROUND if index < 8 else 255 - GROUND

        values = features(ticks(cut, 16))[0]
        np.testing.assert_array_equal(block(values, "hof"), 0)
        np.testing.assert_array_equal(block(values, "speed"), 0)

    def test_directions_are_true_whatever_the_picture_is_stretched_to(self):
        move = patch_moving((2, 2))

        def portrait(index: int) -> np.ndarray:
            return np.ascontiguousarray(move(index)[:, 20:100])

        for picture in (move, portrait):
            histogram = block(features(ticks(picture, 16))[0], "hof").reshape(4, 8).sum(axis=0)
            assert histogram.argmax() == 1


class TestStreaming:
    @pytest.mark.parametrize("count", [1, 15, 16, 17, 40])
    @pytest.mark.parametrize(("frames", "stride"), [(16, 16), (16, 8), (32, 16), (8, 16), (5, 3)])
    def test_there_is_one_vector_per_snippet(self, count: int, frames: int, stride: int):
        spec = EVERYTHING.spec(snippet_frames=frames, stride=stride)
        found = list(EVERYTHING.extract(ticks(patch_moving((2, 1)), count), spec))
        assert len(found) == -(-count // stride)
        assert all(np.isfinite(vector).all() for vector in found)

    def test_a_vector_comes_soon_after_its_window_is_complete(self):
        # In threads, and one in each hand.
        ahead = BATCH * (READ_AHEAD + min(cv2.getNumThreads(), MOST_THREADS) + 2)
        taken = 0

        def counted() -> Iterator[Tick]:
            nonlocal taken
            for tick in ticks(patch_moving((2, 0)), 64):
                taken += 1
                yield tick

        for frames, stride in ((16, 16), (16, 8), (32, 16)):
            taken = 0
            spec = EVERYTHING.spec(snippet_frames=frames, stride=stride)
            for number, _ in enumerate(islice(EVERYTHING.extract(counted(), spec), 2)):
                start = max(0, number * stride - (frames - stride) // 2)
                assert 0 <= taken - (start + frames) <= ahead

    def test_a_snippet_is_the_same_in_a_longer_video(self):
        short = features(ticks(patch_moving((2, 1)), 32))
        long = features(ticks(patch_moving((2, 1)), 80))
        np.testing.assert_array_equal(short, long[:2])

    @pytest.mark.parametrize("stride", [8, 16])
    def test_each_snippet_is_described_by_a_whole_window_at_the_videos_ends_too(self, stride: int):
        extractor = MotionExtractor()
        spec = extractor.spec(stride=stride)
        fields = list(flow_fields(ticks(patch_moving((2, 1)), 40), appearance=False))

        @cache
        def alone(start: int, stop: int) -> Float32Array:
            its = extractor.spec(snippet_frames=stop - start, stride=stop - start)
            (feature,) = extractor.features_of(fields[start:stop], its)
            return feature

        for count in range(1, 41):
            made = list(extractor.features_of(fields[:count], spec))
            starts = np.arange(0, count, stride) - (16 - stride) // 2
            starts = np.maximum(np.minimum(starts, count - 16), 0).tolist()
            expected = [alone(start, min(start + 16, count)) for start in starts]
            np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("stride", [8, 16])
    @pytest.mark.parametrize("count", [17, 25, 33, 39])
    def test_no_phase_of_the_first_and_last_snippets_is_empty(self, count: int, stride: int):
        extractor = MotionExtractor()
        values = features(ticks(patch_moving((2, 1)), count), extractor, stride)
        assert (block(values, "focus_speed", extractor) > 0.5).all()

    def test_features_do_not_depend_on_the_number_of_threads(self, monkeypatch):
        seen = []
        for threads in (1, 4):
            monkeypatch.setattr(cv2, "getNumThreads", lambda count=threads: count)
            seen.append(features(ticks(patch_moving((2, 1)), 40), stride=8))
        np.testing.assert_array_equal(*seen)

    def test_features_repeat_to_the_bit(self):
        first, second = (features(ticks(patch_moving((2, 1)), 40), stride=8) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_held_frames_look_like_steady_motion(self):
        steady = features(ticks(patch_moving((1, 0)), 14))[0]
        held = features(ticks(patch_moving((1, 0)), 15, hold=2))[0]
        for name in ("speed", "rest"):
            np.testing.assert_allclose(block(steady, name), block(held, name), atol=0.15)

    def test_a_long_hold_is_stillness_and_ends(self):
        values = features(ticks(patch_moving((3, 0)), 10 * LONGEST_HOLD, hold=5 * LONGEST_HOLD))
        assert len(values) == 10
        np.testing.assert_array_equal(block(values[1], "hof"), 0)

    def test_any_size_is_read_even_if_it_changes(self):
        sizes = [(1, 1), (240, 320), (320, 240), (2, 500), (1, 4096)]

        def changing(index: int) -> np.ndarray:
            height, width = sizes[index // 4 % len(sizes)]
            return texture(height, width, seed=index)

        values = features(ticks(changing, 48))
        assert np.isfinite(values).all()

    def test_noise_gives_finite_values(self):
        rng = np.random.default_rng(0)
        values = features(ticks(lambda _: rng.integers(0, 256, (48, 64, 3), np.uint8), 40))
        assert np.isfinite(values).all()

    def test_no_tick_gives_no_vector(self):
        assert list(EVERYTHING.extract(iter(()), EVERYTHING.spec())) == []


class TestParameters:
    def test_an_extractor_is_made_again_from_its_parameters(self):
        assert MotionExtractor(**EVERYTHING.parameters) == EVERYTHING  # pyright: ignore
        spec = EVERYTHING.spec(fps=30.0, stride=8)
        assert (spec.extractor, spec.version, spec.dimension) == ("motion", 2, EVERYTHING.dimension)
        assert (spec.fps, spec.snippet_frames, spec.stride) == (30.0, 16, 8)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"rows": 0}, "rows must be from 1 to 16, not 0"),
            ({"phases": 17}, "phases must be from 1 to 16, not 17"),
            ({"descriptors": "hof,smell"}, "unknown descriptors smell; known: hof,"),
            ({"descriptors": "hof,hof"}, "name one twice"),
        ],
    )
    def test_wrong_parameters_are_named(self, parameters: dict, message: str):
        with pytest.raises(FeatureError, match=message):
            MotionExtractor(**parameters)

    def test_appearance_tells_edges_and_colours(self):
        image = np.zeros((60, 80, 3), np.uint8)
        image[:, 40:] = (0, 0, 255)
        looks = describe_appearance(image[..., 2], image, 1, 2)
        edges, colours = looks[:8].reshape(2, 4), looks[8:].reshape(2, 3)
        assert (edges.argmax(axis=1) == 0).all()  # across a vertical edge
        assert colours[1, 1] > colours[0, 1]  # Lab's a: red
