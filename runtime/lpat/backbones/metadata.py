"""The metadata of a backbone: all that must be known to feed it, beyond its graph.

It lies in the ONNX file's `metadata_props["lpat_backbone"]` as JSON. A file may come from anyone,
so every field is checked and bounded before use; nothing in it is ever evaluated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, get_args

from lpat.backbones.flow import FlowMethod
from lpat.errors import BackboneError
from lpat.inference.onnx_files import metadata_object

SCHEMA = 1
LONGEST_TEXT = 1 << 16
LONGEST_NAME = 200

Stream = Literal["rgb", "flow"]
Crops = Literal["center", "ten"]
Colour = Literal["rgb", "bgr"]

CHANNELS: Mapping[Stream, int] = {"rgb": 3, "flow": 2}

_HIGHEST = {
    "dimension": 1 << 16,
    "frames": 1024,
    "sampling": 256,
    "fps": 1000,
    "short_side": 4096,
    "bound": 1000,
}


@dataclass(frozen=True)
class BackboneMetadata:
    """What a network of clips (N, C, T, H, W) is fed, in the order in which that is made.

    Frames are taken at `fps` by presentation time; every `sampling`-th of them, scaled so that its
    shorter side has `short_side` pixels, is one of a clip's. Of a flow stream, the flow (x, y)
    between scaled grey frames is clipped to +-`bound` pixels and quantised to 0..255, as the
    published features are. A `crop` (height, width) is taken from the centre; with ten crops, also
    from the corners, and all five mirrored, whose features are averaged. Of each value of 0..255
    the channel's `mean` is subtracted, then it is divided by the channel's `deviation`.
    """

    name: str
    stream: Stream
    dimension: int  # of a clip's feature
    frames: int = 16  # T of a clip
    sampling: int = 1  # frames from one of a clip to its next, of an rgb stream
    fps: float = 25.0
    short_side: int = 256
    crop: tuple[int, int] = (224, 224)
    crops: Crops = "center"
    colour: Colour = "rgb"  # the order of the channels of an rgb stream
    mean: tuple[float, ...] = (127.5,)  # one for each channel, or one for all
    deviation: tuple[float, ...] = (127.5,)
    flow: FlowMethod = "tvl1"  # of a flow stream
    bound: float = 20.0  # pixels

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME or not self.name.isprintable():
            raise BackboneError(f"expected a name of 1 to {LONGEST_NAME} characters")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                known = ", ".join(get_args(choices))
                raise BackboneError(f"{name}: expected one of {known}, not {getattr(self, name)!r}")
        for name, highest in _HIGHEST.items():
            if not 0 < getattr(self, name) <= highest:
                raise BackboneError(
                    f"{name} must be positive and at most {highest}, not {getattr(self, name)}"
                )
        if self.stream == "flow" and self.sampling > 1:
            raise BackboneError(f"sampling: expected 1 of a flow stream, not {self.sampling}")
        if len(self.crop) != 2 or not all(0 < side <= self.short_side for side in self.crop):
            raise BackboneError(
                f"crop: expected a height and a width of at most short_side {self.short_side}, "
                f"not {self.crop}"
            )
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if len(values) not in (1, self.channels) or not all(map(math.isfinite, values)):
                raise BackboneError(
                    f"{name}: expected one or {self.channels} finite numbers, not {values}"
                )
        if not all(value > 0 for value in self.deviation):
            raise BackboneError(f"deviation must be positive, not {self.deviation}")

    @property
    def channels(self) -> int:
        """C of a clip."""
        return CHANNELS[self.stream]

    @property
    def snippet_frames(self) -> int:
        """Frames of the video that a clip stands for."""
        return self.frames * self.sampling

    @property
    def clip_shape(self) -> tuple[int, int, int, int]:
        """(C, T, H, W) of a clip."""
        return (self.channels, self.frames, *self.crop)

    def to_json(self) -> str:
        """The text that `metadata_from_json` takes back."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False, sort_keys=True)


_CHOICES = {"stream": Stream, "crops": Crops, "colour": Colour, "flow": FlowMethod}
_KINDS = {"name": str, "stream": str, "crops": str, "colour": str, "flow": str} | {
    "dimension": int,
    "frames": int,
    "sampling": int,
    "short_side": int,
}


def metadata_from_json(text: str) -> BackboneMetadata:
    """Metadata from its JSON text, checked field by field.

    Raises:
        BackboneError: not JSON, too large, of another schema, or a field missing, unknown or
            broken.
    """
    document = metadata_object(text, LONGEST_TEXT, BackboneError)
    schema = document.pop("schema", None)
    if schema != SCHEMA:
        raise BackboneError(f"metadata of schema {str(schema)[:40]}; this lpat reads {SCHEMA}")
    known = {entry.name: entry for entry in fields(BackboneMetadata)}
    if unknown := sorted(set(document) - set(known)):
        raise BackboneError(f"broken metadata: unknown field {unknown[0][:40]!r}")
    for name, entry in known.items():
        if name not in document and entry.default is MISSING:
            raise BackboneError(f"broken metadata: no {name}")
    try:
        return BackboneMetadata(**{name: _value(name, its) for name, its in document.items()})
    except BackboneError as error:
        raise BackboneError(f"broken metadata: {error}") from error


def _value(name: str, value: Any) -> Any:
    """A field's value of the kind that it must have."""
    if name in ("mean", "deviation", "crop"):
        kinds = (int,) if name == "crop" else (int, float)
        if not isinstance(value, list) or not all(type(number) in kinds for number in value):
            raise BackboneError(f"{name}: expected a list of numbers, not {str(value)[:40]!r}")
        return tuple(value)
    kinds = (_KINDS[name],) if name in _KINDS else (int, float)
    if type(value) not in kinds:
        raise BackboneError(f"{name}: expected {kinds[-1].__name__}, not {str(value)[:40]!r}")
    return value
