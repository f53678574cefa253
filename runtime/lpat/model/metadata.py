"""The metadata of model.onnx: all that the runtime must know beyond the graph.

It lies in the ONNX file's `metadata_props["lpat"]` as JSON. A model file may come from anyone, so
every field is checked and bounded before use; nothing in it is ever evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from lpat._version import __version__
from lpat.errors import FeatureError, ModelError, UsageError
from lpat.features.files import spec_from_json
from lpat.features.statistics import Statistics, statistics_from_json
from lpat.inference.onnx_files import metadata_object
from lpat.segments.level import LevelTable, table_from_json
from lpat.segments.post_processing import PostProcessing
from lpat.segments.sensitivity import Sensitivity, sensitivity_from_json
from lpat.types import FeatureSpec

SCHEMA = 1
MOST_CLASSES = 10_000
LONGEST_LABEL = 200
LONGEST_TEXT = 1 << 24
"""Characters; as many classes of as long labels take fewer, with what is known of each."""

FARTHEST_LOOKAHEAD = 64

Precision = Literal["float32", "float16", "int8"]
"""What the hidden layers' products are computed in; all else is float32."""

EXACT_WEIGHT_BITS, WIDEST_WEIGHT_BITS = 7, 8
"""Of int8's weights. Sums of two products with seven bits fit into 16 bits, in which processors
without VNNI add them up; with eight bits they saturate there, and the scores are others."""

_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}")


@dataclass(frozen=True)
class ModelMetadata:
    """Classes in the order of the scores, the features to feed, and how to make segments.

    `statistics` are those of the training snippets, where features come from files of others.
    `weight_bits` are those of int8's weights; a model of before they were told has eight. `level`
    says what margins mean, in a calibrated model. A snippet's scores depend on `lookahead` snippets
    after it at most: two in networks of before it was told. `sensitivity` is what was chosen for a
    copy of the model.
    """

    classes: tuple[str, ...]
    features: FeatureSpec
    post_processing: PostProcessing
    training: Mapping[str, Any] = field(default_factory=dict)
    statistics: Statistics | None = None
    precision: Precision = "float32"
    weight_bits: int = EXACT_WEIGHT_BITS
    level: LevelTable | None = None
    lookahead: int = 2
    sensitivity: Sensitivity = field(default_factory=Sensitivity)

    @property
    def caution(self) -> str | None:
        """What a user must know of the scores before relying on them; None where nothing."""
        if self.precision != "int8" or self.weight_bits <= EXACT_WEIGHT_BITS:
            return None
        return (
            f"int8 weights of {self.weight_bits} bits, as lpat exported them before: processors "
            "without VNNI compute other scores of them; export the model anew"
        )

    def to_json(self) -> str:
        """The text that `metadata_from_json` takes back."""
        document = {
            "schema": SCHEMA,
            "lpat": __version__,
            "classes": list(self.classes),
            "features": {**asdict(self.features), "parameters": dict(self.features.parameters)},
            "post_processing": asdict(self.post_processing),
            "training": dict(self.training),
            "precision": self.precision,
            "lookahead": self.lookahead,
        }
        if self.level is not None:
            document["level"] = self.level.to_json()
        if self.precision == "int8":
            document["weight_bits"] = self.weight_bits
        if chosen := self.sensitivity.to_json():
            document["sensitivity"] = chosen
        if self.statistics is not None:
            document["statistics"] = asdict(self.statistics)
        return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True)


def metadata_from_json(text: str) -> ModelMetadata:
    """Metadata from its JSON text, checked field by field.

    Raises:
        ModelError: not JSON, too large, of another schema, or a field missing or broken.
    """
    document = metadata_object(text, LONGEST_TEXT, ModelError)
    schema = document.get("schema")
    if not isinstance(schema, int) or schema != SCHEMA:
        raise ModelError(_of_another_schema(schema, document.get("lpat")))
    try:
        classes = _classes(document.get("classes"))
        level = document.get("level")
        table = None if level is None else table_from_json(level, classes)
        features = spec_from_json(document.get("features"))
        statistics = document.get("statistics")
        return ModelMetadata(
            classes=classes,
            features=features,
            post_processing=_post_processing(document.get("post_processing")),
            training=_object(document.get("training", {}), "training"),
            statistics=None
            if statistics is None
            else statistics_from_json(statistics, features.dimension),
            precision=_precision(document.get("precision", "float32")),
            weight_bits=_weight_bits(document),
            lookahead=_lookahead(document.get("lookahead", 2)),
            level=table,
            sensitivity=sensitivity_from_json(document.get("sensitivity", {}), classes, table),
        )
    except (FeatureError, UsageError) as error:
        raise ModelError(f"broken metadata: {error}") from error


def _of_another_schema(schema: Any, writer: Any) -> str:
    """What is wrong, and which version to install where the metadata says who wrote it."""
    if not isinstance(schema, int) or schema <= SCHEMA:
        return f"metadata of schema {str(schema)[:40]}; lpat {__version__} reads {SCHEMA}"
    known = isinstance(writer, str) and _VERSION.fullmatch(writer)
    wanted = f"lpat {writer} or newer" if known else "a newer lpat"
    return (
        f"made by a newer lpat than this: its metadata is of schema {str(schema)[:40]}, "
        f"and lpat {__version__} reads {SCHEMA}; install {wanted}"
    )


def _precision(value: Any) -> Precision:
    if value not in get_args(Precision):
        known = ", ".join(get_args(Precision))
        raise ModelError(
            f"broken metadata: precision must be one of {known}, not {str(value)[:40]!r}"
        )
    return value


def _weight_bits(document: Mapping[str, Any]) -> int:
    untold = WIDEST_WEIGHT_BITS if document.get("precision") == "int8" else EXACT_WEIGHT_BITS
    value = document.get("weight_bits", untold)
    if type(value) is not int or not 0 < value <= WIDEST_WEIGHT_BITS:
        raise ModelError(
            f"broken metadata: weight_bits must be from 1 to {WIDEST_WEIGHT_BITS}, "
            f"not {str(value)[:40]!r}"
        )
    return value


def _lookahead(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= FARTHEST_LOOKAHEAD:
        raise ModelError(
            f"broken metadata: lookahead must be from 0 to {FARTHEST_LOOKAHEAD}, "
            f"not {str(value)[:40]!r}"
        )
    return value


def _classes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_CLASSES:
        raise ModelError(f"broken metadata: expected 1 to {MOST_CLASSES} classes")
    for label in value:
        if not isinstance(label, str) or not 0 < len(label) <= LONGEST_LABEL:
            raise ModelError(f"broken metadata: class {str(label)[:40]!r} is no label")
    if len(set(value)) != len(value):
        raise ModelError("broken metadata: a class appears twice")
    return tuple(value)


def _post_processing(value: Any) -> PostProcessing:
    options = _object(value, "post_processing")
    unknown = set(options) - set(PostProcessing.__dataclass_fields__)
    if unknown:
        raise ModelError(f"broken metadata: unknown post-processing {sorted(unknown)[0][:40]!r}")
    try:
        return PostProcessing(**options)
    except TypeError as error:
        raise ModelError(f"broken metadata: post-processing: {error}") from error


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelError(f"broken metadata: expected an object {name}")
    return value
