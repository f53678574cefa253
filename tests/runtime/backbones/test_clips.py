import numpy as np
import pytest

from lpat.backbones.clips import clips_of, kept_of, scaled_size, windows
from lpat.backbones.metadata import BackboneMetadata
from lpat.errors import FeatureError


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        ((340, 256), (340, 256)),
        ((320, 240), (341, 256)),
        ((1920, 1080), (455, 256)),
        ((48, 64), (256, 341)),
        ((1, 1), (256, 256)),
    ],
)
def test_the_shorter_side_is_scaled(size, scaled):
    assert scaled_size(size, 256) == scaled


@pytest.mark.parametrize(
    ("count", "frames", "stride", "expected"),
    [
        (6, 4, 4, ["0123", "2345"]),
        (1, 4, 4, ["0000"]),
        (3, 4, 2, ["0122", "0122"]),
        (0, 4, 4, []),
    ],
)
def test_a_clip_is_whole_even_of_a_video_that_is_shorter(count, frames, stride, expected):
    items = "0123456789"[:count]
    assert ["".join(window) for window in windows(items, frames, stride)] == expected


@pytest.mark.parametrize("size", [(1, 17), (20_000, 1000)])
def test_sides_that_are_too_different_are_refused(size):
    with pytest.raises(FeatureError, match=rf"a factor of at most 16, not {size[0]} x {size[1]}"):
        scaled_size(size, 256)


def test_a_centre_crop_is_normalised():
    metadata = BackboneMetadata(
        "it", "rgb", 1, frames=1, short_side=4, crop=(2, 2), mean=(1, 2, 3), deviation=(2.0,)
    )
    picture = np.arange(3 * 4 * 6, dtype=np.uint8).reshape(3, 4, 6)
    (clip,) = clips_of([picture], metadata)
    assert clip.shape == (3, 1, 2, 2)
    expected = (picture[:, 1:3, 2:4] - np.array([1, 2, 3])[:, None, None]) / 2
    np.testing.assert_array_equal(clip[:, 0], expected)
    np.testing.assert_array_equal(clips_of([kept_of(picture, metadata)], metadata), clip[None])


def test_channels_can_be_blue_first():
    metadata = BackboneMetadata("it", "rgb", 1, frames=1, short_side=2, crop=(2, 2), colour="bgr")
    picture = np.zeros((3, 2, 2), np.uint8)
    picture[0] = 255  # red
    (clip,) = clips_of([picture], metadata)
    np.testing.assert_array_equal(clip[:, 0, 0, 0], [-1, -1, 1])


def test_ten_crops_are_the_centre_and_corners_and_their_mirror_images():
    metadata = BackboneMetadata("it", "flow", 1, frames=1, short_side=3, crop=(1, 1), crops="ten")
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0] = np.arange(9).reshape(3, 3)
    picture[1] = 100
    assert kept_of(picture, metadata) is picture
    clips = clips_of([picture], metadata) * 127.5 + 127.5
    right = [4, 0, 2, 6, 8]
    np.testing.assert_allclose(clips[:5, 0].ravel(), right, atol=1e-4)
    np.testing.assert_allclose(clips[5:, 0].ravel(), [255 - value for value in right], atol=1e-4)
    np.testing.assert_allclose(clips[:, 1].ravel(), 100, atol=1e-4)
