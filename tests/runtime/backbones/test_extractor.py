import math
import threading
from itertools import pairwise

import av
import numpy as np
import pytest
from tests.waiting import PATIENCE

from lpat.backbones.clips import clips_of, scaled_size
from lpat.backbones.extractor import READ_AHEAD, open_extractor
from lpat.backbones.files import read_backbones
from lpat.backbones.flow import flow_between, quantised
from lpat.backbones.pictures import LONGEST_RUN
from lpat.backbones.search import Backbones
from lpat.backbones.spec import backbone_spec
from lpat.errors import FeatureError
from lpat.features.extraction import extract_features
from lpat.features.extractors import default_jobs, spec_of
from lpat.parallel.processes import available_cores
from lpat.video.frame import Frame
from lpat.video.resampling import Tick, resample


@pytest.fixture
def rgb(make_backbone, tmp_path):
    return make_backbone(tmp_path / "rgb.onnx", "rgb", means=True, mean=(0,), deviation=(1,))


@pytest.fixture
def flow(make_backbone, tmp_path):
    return make_backbone(tmp_path / "flow.onnx", "flow", means=True, mean=(0,), deviation=(1,))


def spec_of_files(*paths, stride=None):
    return spec_of(Backbones(paths), stride)


def moving_ticks(count, size=(48, 64), seed=0, hold=1):
    """Ticks of a texture that moves by two pixels to the right and jumps now and then."""
    random = np.random.default_rng(seed)
    texture = random.integers(0, 255, (size[0] // 4, 100, 3)).astype(np.uint8)
    texture = texture.repeat(4, 0).repeat(4, 1)
    frames = []
    for number in range(-(-count // hold)):
        left = 200 - 2 * number
        picture = np.ascontiguousarray(texture[:, left : left + size[1]])
        frames.append(Frame(number / 25, 1 / 25, av.VideoFrame.from_ndarray(picture, "rgb24")))
    return [Tick(n, frames[n // hold], repeated=n % hold > 0) for n in range(count)]


def naive_features(ticks, backbones, spec):
    """All pictures first, then a clip after the other; frame means as the fixtures' networks."""
    count = len(ticks)
    columns = []
    for backbone in backbones:
        its = backbone.metadata
        frames = [tick.frame for tick in ticks]
        sizes = [scaled_size((frame.width, frame.height), its.short_side) for frame in frames]
        if its.stream == "rgb":
            pictures = [
                f.rgb(s, "BILINEAR").transpose(2, 0, 1) for f, s in zip(frames, sizes, strict=True)
            ]
        else:
            grey = [f.gray(s, "BILINEAR") for f, s in zip(frames, sizes, strict=True)]
            pictures = []
            for before, after in pairwise(grey):
                flow = np.zeros((2, *before.shape), np.float32)
                if before.shape == after.shape and not np.array_equal(before, after):
                    (flow,) = flow_between(np.stack([before, after]), its.flow)
                pictures.append(quantised(flow, its.bound))
            still = quantised(np.zeros((2, *grey[0].shape), np.float32), its.bound)
            pictures.append(pictures[-1] if pictures else still)
        rows = []
        for snippet in range(-(-count // spec.stride)):
            start = snippet * spec.stride - (spec.snippet_frames - spec.stride) // 2
            start = max(0, min(start, count - spec.snippet_frames))
            numbers = np.minimum(np.arange(start, start + spec.snippet_frames), count - 1)
            clips = clips_of([pictures[number] for number in numbers], its)
            rows.append(clips.mean(axis=(3, 4)).reshape(len(clips), -1).mean(axis=0))
        columns.append(rows)
    return np.concatenate(columns, axis=1)


def test_a_clip_holds_the_snippets_own_frames(write_video, rgb):
    video = write_video(pts=range(10), size=(64, 48))
    spec = spec_of_files(rgb)
    features = extract_features(video, spec, Backbones((rgb,))).features.load()
    luma = features.values.reshape(3, 3, 4).mean(axis=1)  # snippet, channel, frame
    shown = [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    np.testing.assert_allclose(luma, 20 + 3 * np.array(shown), atol=1.5)
    assert features.spec == spec


@pytest.mark.parametrize(
    ("stride", "shown"),
    [
        (2, [[0, 1, 2, 3], [1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8], [6, 7, 8, 9]]),
        (6, [[1, 2, 3, 4], [6, 7, 8, 9]]),
    ],
)
def test_a_clip_lies_around_the_middle_of_its_snippet_or_at_the_videos_ends(
    write_video, rgb, flow, stride, shown
):
    video = write_video(pts=range(10), size=(64, 48))
    spec = spec_of_files(rgb, flow, stride=stride)
    features = extract_features(video, spec, Backbones((rgb, flow))).features.load()
    luma = features.values[:, :12].reshape(-1, 3, 4).mean(axis=1)
    np.testing.assert_allclose(luma, 20 + 3 * np.array(shown), atol=1.5)


def test_flow_goes_to_the_next_frame_and_stands_after_rgb(write_video, rgb, flow):
    random = np.random.default_rng(0)
    texture = random.integers(0, 255, (12, 40, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    steps = [0, 2, 2, 2, 2, 2, 2, 2]  # pixels to the right of the frame's place before
    places = np.cumsum(steps)
    pictures = [texture[:, 60 - x : 124 - x].copy() for x in places]
    video = write_video(pts=range(8), pictures=pictures, options={"crf": "5"})
    spec = spec_of_files(rgb, flow)
    features = extract_features(video, spec, Backbones((flow, rgb))).features.load()
    along_x = features.values[:, 12:16]
    along_y = features.values[:, 16:20]
    scale = 16 / 48  # of the pictures, scaled to the backbones' short side
    np.testing.assert_allclose(along_x, 127.5 + 2 * scale * 255 / 40, atol=2)
    np.testing.assert_allclose(along_y, 127.5, atol=2)
    np.testing.assert_allclose(
        features.values[:, :12],
        extract_features(video, spec_of_files(rgb), Backbones((rgb,))).features.load().values,
    )


@pytest.mark.parametrize("stride", [1, 3, 4, 7, 40])
@pytest.mark.parametrize(("count", "hold"), [(45, 1), (45, 3), (3, 1), (1, 1)])
def test_features_are_those_of_a_naive_twin(rgb, flow, stride, count, hold):
    spec = spec_of_files(rgb, flow, stride=stride)
    ticks = moving_ticks(count, hold=hold)
    extractor = open_extractor(spec, Backbones((rgb, flow), batch=1), 0)
    expected = naive_features(ticks, extractor.backbones, spec)
    made = np.stack(list(extractor.extract(ticks, spec)))
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("crops", ["center", "ten"])
def test_streams_may_be_scaled_and_cropped_each_in_its_own_way(make_backbone, tmp_path, crops):
    size = {"means": True, "mean": (0,), "deviation": (1,), "crops": crops}
    rgb = make_backbone(tmp_path / "a.onnx", "rgb", short_side=24, crop=(20, 12), **size)
    flow = make_backbone(tmp_path / "b.onnx", "flow", short_side=32, crop=(16, 32), **size)
    spec = spec_of_files(rgb, flow, stride=3)
    ticks = moving_ticks(11)
    extractor = open_extractor(spec, Backbones((rgb, flow)), 0)
    made = np.stack(list(extractor.extract(ticks, spec)))
    expected = naive_features(ticks, extractor.backbones, spec)
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("stride", [2, 4, 9])
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_features_depend_on_neither_batch_nor_threads_nor_what_is_skipped(
    make_backbone, tmp_path, batch, stride
):
    paths = (
        make_backbone(tmp_path / "rgb.onnx", "rgb"),
        make_backbone(tmp_path / "flow.onnx", "flow"),
    )
    spec = spec_of_files(*paths, stride=stride)
    ticks = moving_ticks(70)
    one = open_extractor(spec, Backbones(paths), 1)
    expected = np.stack(list(one.extract(ticks, spec)))
    extractor = open_extractor(spec, Backbones(paths, batch=batch), 3)
    whole = np.stack(list(extractor.extract(ticks, spec)))
    np.testing.assert_allclose(whole, expected, rtol=1e-4, atol=1e-4)
    for asked in (1, 5, len(whole) - 1, len(whole)):
        skip = extractor.whole_batches(asked)
        assert 0 <= asked - skip < batch
        rest = list(extractor.extract(ticks, spec, skip))
        assert len(rest) == len(whole) - skip
        assert not rest or np.array_equal(np.stack(rest), whole[skip:])


def test_what_is_skipped_is_never_turned_into_pixels(rgb, flow):
    class Unseen:
        width = height = 16

        def rgb(self, *_):
            raise AssertionError("converted though skipped")

        gray = rgb

    spec = spec_of_files(rgb, flow)
    ticks = moving_ticks(40)
    unseen: Frame = Unseen()  # type: ignore[assignment]
    hidden = [Tick(tick.index, unseen, repeated=False) for tick in ticks[:28]]
    extractor = open_extractor(spec, Backbones((rgb, flow)), 0)
    rest = np.stack(list(extractor.extract([*hidden, *ticks[28:]], spec, 8)))
    np.testing.assert_array_equal(rest, list(extractor.extract(ticks, spec))[8:])


@pytest.fixture
def sparse(make_backbone, tmp_path):
    """A backbone that is fed two frames of each snippet of eight: the third and the seventh."""
    changes = {"frames": 2, "sampling": 4, "mean": (0,), "deviation": (1,)}
    return make_backbone(tmp_path / "sparse.onnx", "rgb", means=True, **changes)


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 8, 12])
@pytest.mark.parametrize("count", [8, 45])
def test_a_stream_that_samples_frames_sees_those_of_its_clips_alone(sparse, stride, count):
    spec = spec_of_files(sparse, stride=stride)
    assert spec.snippet_frames == 8
    seen = []

    class Counted(Frame):
        def rgb(self, size=None, scaling="AREA"):
            seen.append(round(self.time * 25))
            return super().rgb(size, scaling)

    ticks = [
        Tick(tick.index, Counted(tick.frame.time, 1 / 25, tick.frame.picture), tick.repeated)
        for tick in moving_ticks(count)
    ]
    extractor = open_extractor(spec, Backbones((sparse,)), 0)
    made = np.stack(list(extractor.extract(ticks, spec)))
    step = math.gcd(4, stride)  # pictures are made of these ticks, and held between them
    phase = (2 - (8 - stride) // 2) % step
    assert seen == sorted({0, *range(phase, count, step)})
    pictures = [tick.frame.rgb((21, 16), "BILINEAR").transpose(2, 0, 1) for tick in ticks]
    rows = []
    for snippet in range(-(-count // stride)):
        start = snippet * stride - (8 - stride) // 2
        start = max(0, min(start, count - 8))
        numbers = [max(0, n - (n - phase) % step) for n in (start + 2, start + 6)]
        clips = clips_of([pictures[n] for n in numbers], extractor.streams[0])
        rows.append(clips.mean(axis=(3, 4)).reshape(-1))
    np.testing.assert_allclose(made, rows, rtol=1e-5, atol=1e-3)
    for skip in range(1, len(made), 3):
        np.testing.assert_array_equal(list(extractor.extract(ticks, spec, skip)), made[skip:])


@pytest.mark.parametrize(("streams", "needed"), [("rgb", 4), ("both", 5)])
def test_a_live_snippet_comes_once_its_clip_is_complete(rgb, flow, streams, needed):
    paths = (rgb,) if streams == "rgb" else (rgb, flow)
    spec = spec_of_files(*paths)
    more = threading.Event()

    def ticks():
        for tick in moving_ticks(12):
            if tick.index == needed:
                assert more.wait(PATIENCE), "no snippet without more ticks than it needs"
            yield tick

    extractor = open_extractor(spec, Backbones(paths, batch=1), 0)
    rows = extractor.extract(ticks(), spec)
    next(rows)
    more.set()
    assert len(list(rows)) == 2


def test_few_ticks_wait_however_long_the_video(rgb, flow):
    (still,) = moving_ticks(1)
    taken = []

    def ticks():
        for number in range(3000):
            taken.append(number)
            yield Tick(number, still.frame, repeated=number > 0)

    spec = spec_of_files(rgb, flow)
    rows = open_extractor(spec, Backbones((rgb, flow), batch=2), 0).extract(ticks(), spec)
    ahead = [len(taken) - 4 * count for count, _ in enumerate(rows)]
    assert len(ahead) == 750
    assert max(ahead) <= 2 * READ_AHEAD + LONGEST_RUN + 5 * 2 * 4


def test_leaving_early_ends_all_threads(rgb, flow):
    spec = spec_of_files(rgb, flow)
    before = threading.active_count()
    rows = open_extractor(spec, Backbones((rgb, flow)), 0).extract(moving_ticks(100), spec)
    next(rows)
    assert threading.active_count() > before
    rows.close()
    assert threading.active_count() == before


def test_flow_is_none_where_the_size_of_the_frames_changes(rgb, flow):
    spec = spec_of_files(rgb, flow)
    ticks = [*moving_ticks(6), *moving_ticks(6, size=(64, 48))]
    ticks = [Tick(number, tick.frame, repeated=False) for number, tick in enumerate(ticks)]
    extractor = open_extractor(spec, Backbones((rgb, flow)), 0)
    made = np.stack(list(extractor.extract(ticks, spec)))
    np.testing.assert_allclose(
        made, naive_features(ticks, extractor.backbones, spec), rtol=1e-5, atol=1e-3
    )
    along_x = made[:, 12:16].ravel()
    assert along_x[5] == 128
    assert (np.delete(along_x, 5) > 129).all()


@pytest.mark.parametrize(("crops", "size"), [("center", (16, 16)), ("ten", (12, 12))])
def test_a_size_may_change_within_a_clip(make_backbone, tmp_path, crops, size):
    kinds = {"means": True, "crops": crops, "crop": size}
    paths = (
        make_backbone(tmp_path / "rgb.onnx", "rgb", **kinds),
        make_backbone(tmp_path / "flow.onnx", "flow", **kinds),
    )
    spec = spec_of_files(*paths)
    ticks = [*moving_ticks(2), *moving_ticks(2, size=(64, 48))]
    ticks = [Tick(number, tick.frame, repeated=False) for number, tick in enumerate(ticks)]
    assert len(list(open_extractor(spec, Backbones(paths), 0).extract(ticks, spec))) == 1


@pytest.mark.parametrize("size", [(4, 4), (2, 6), (16, 12)])
@pytest.mark.parametrize("count", [1, 3, 9])
def test_small_and_short_videos_work(write_video, rgb, flow, size, count):
    video = write_video(pts=range(count), size=size)
    spec = spec_of_files(rgb, flow)
    features = extract_features(video, spec, Backbones((rgb, flow))).features.load()
    assert features.values.shape == (-(-count // 4), 20)
    np.testing.assert_allclose(features.values[0, 12:], 128, atol=1)


def test_a_picture_of_absurd_aspect_is_refused_by_one_line(write_video, rgb):
    video = write_video(pts=range(3), size=(1024, 16))
    with pytest.raises(
        FeatureError, match=r"video.mp4: expected pictures whose sides .* not 1024 x 16$"
    ):
        extract_features(video, spec_of_files(rgb), Backbones((rgb,)))


def test_a_slow_video_shows_each_frame_as_long_as_it_is_shown(write_video, rgb, flow):
    spec = spec_of_files(rgb, flow)
    video = write_video(pts=range(0, 20, 4), size=(64, 48))
    features = extract_features(video, spec, Backbones((rgb, flow))).features.load()
    assert len(features.values) == 5
    luma = features.values[:, :12].reshape(5, 3, 4).mean(axis=1)
    np.testing.assert_allclose(luma, (20 + 3 * np.arange(5))[:, None].repeat(4, 1), atol=1.5)
    still = features.values[:, 12:].reshape(5, 2, 4)[:, :, :3]
    np.testing.assert_array_equal(still, 128)


def test_backbones_stay_loaded_for_the_next_video(monkeypatch, rgb, flow):
    from lpat.backbones import extractor as module

    loads = []
    load = module.load_networks
    monkeypatch.setattr(module, "load_networks", lambda *its: loads.append(its) or load(*its))
    both, one = spec_of_files(rgb, flow, stride=2), spec_of_files(rgb)
    given = Backbones((rgb, flow), batch=7)
    first = open_extractor(both, given, 0)
    again = open_extractor(spec_of_files(rgb, flow, stride=4), Backbones((rgb, flow), batch=7), 0)
    assert again.networks is first.networks
    open_extractor(one, Backbones((rgb,)), 0)
    assert open_extractor(both, given, 0).networks is not first.networks
    assert len(loads) == 3


def test_one_video_at_a_time_is_the_default_for_backbones(rgb):
    from lpat.features.extractors import default_spec
    from lpat.parallel.processes import available_cores

    assert default_jobs(spec_of_files(rgb)) == 1
    assert default_jobs(default_spec()) == default_jobs(None) == available_cores()


def test_the_stride_is_the_backbones_own_unless_given(rgb):
    from lpat.features.extractors import default_spec

    assert spec_of_files(rgb).stride == 4
    assert spec_of_files(rgb, stride=2).stride == 2
    assert spec_of(Backbones()) == default_spec()
    assert spec_of(Backbones(), 16) == default_spec(16)
    assert default_spec().stride == 8


def test_a_folder_of_backbones_is_taken_whole(rgb, flow):
    (backbone,) = read_backbones(rgb)
    assert spec_of(Backbones((rgb.parent,))) == backbone_spec([backbone, *read_backbones(flow)])


def test_ticks_of_a_video_have_the_frames_that_are_needed(write_video, rgb, flow):
    """What is resampled from any rate goes through the same path as ticks that are made here."""
    from lpat.video.reader import Video

    video = write_video(pts=range(0, 60, 2), size=(64, 48))
    spec = spec_of_files(rgb, flow)
    extractor = open_extractor(spec, Backbones((rgb, flow)), 0)
    with Video.open(video) as opened:
        ticks = list(resample(opened, spec.fps))
    made = np.stack(list(extractor.extract(ticks, spec)))
    expected = naive_features(ticks, extractor.backbones, spec)
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(("asked", "said", "used"), [(0, 1, 1), (2, 1, 2), (0, 0, 0)])
def test_threads_are_those_asked_for_or_else_what_the_backbones_say(rgb, asked, said, used):
    extractor = open_extractor(spec_of_files(rgb), Backbones((rgb,), threads=said), asked)
    assert extractor.threads == used
    options = extractor.networks[0].session.runtime.get_session_options()
    assert options.intra_op_num_threads == (used or available_cores())
