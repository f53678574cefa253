"""The config: from TOML and the command line, and back."""

from dataclasses import replace
from pathlib import Path

import pytest

from lpat.errors import UsageError
from lpat.segments.post_processing import PostProcessing
from lpat_train.config import TrainingConfig
from lpat_train.presets import PRESETS, changed, read_config, to_toml


def test_a_config_comes_back_from_its_toml(tmp_path: Path) -> None:
    config = replace(PRESETS["paper"], seed=7, norm_reading="snippet", temporal_convolution=True)
    path = tmp_path / "config.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert read_config(path, TrainingConfig()) == config


def test_a_toml_file_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("balance = 1\nsteps = 5\n", encoding="utf-8")
    assert read_config(path, PRESETS["paper"]) == replace(PRESETS["paper"], balance=1.0, steps=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lambda = 0.2", "unknown key 'lambda'; known: seed"),
        ("steps = 1.5", "steps expects a value of type int, not 1.5"),
        ("steps = true", "steps expects a value of type int, not True"),
        ("balance = '1'", "balance expects a value of type float, not '1'"),
        ("balance = 1.5", "balance: expected 0 to 1.0, not 1.5"),
        ("steps = 0", "steps: expected more than 0"),
        ("seed = -1", "seed: expected 0 to 4294967295, not -1"),
        ("seed = 1000000000000", "seed: expected 0 to 4294967295, not 1000000000000"),
        ("steps = 2000000", "steps: expected 0 to 1000000, not 2000000"),
        ("marks = 1" + "0" * 400, "marks expects a smaller number than 10000"),
        ("marks = 1" + "0" * 5000, "expected a TOML file"),
        ("hidden = 100000000", "hidden: expected 0 to 65536"),
        ("balance = nan", "balance: expected a finite number, not nan"),
        ("learning_rate = nan", "learning_rate: expected a finite number, not nan"),
        ("top_k = inf", "top_k: expected a finite number, not inf"),
        ("norm_reading = 'matrix'", "norm_reading: expected one of vector, snippet, not 'matrix'"),
        ("cut = 1.5", "cut: expected 0 to 1.0, not 1.5"),
        ("minimum_snippets = 0", "minimum_snippets: expected more than 0, not 0"),
        ("chunks = 0", "chunks: expected more than 0, not 0"),
        ("hide = 1.5", "hide: expected 0 to 1.0, not 1.5"),
        ("casl = -1", "casl: expected 0 or more, not -1"),
        ("sparsity = -1", "sparsity: expected 0 or more, not -1"),
        ("branches = 0", "branches: expected more than 0, not 0"),
        ("diversity = -1", "diversity: expected 0 or more, not -1"),
        ("method = 'tsn'", "method: expected one of lpat, wtalc, .*, not 'tsn'"),
        ("steps = ", "expected a TOML file"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_config(path, TrainingConfig())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml: no such file"):
        read_config(tmp_path / "nowhere.toml", TrainingConfig())


def test_the_exported_model_makes_segments_as_the_config_says() -> None:
    told = changed(TrainingConfig(), {"proposals": "components", "boundary": "crossing"}, "here")
    its = PostProcessing(
        proposals="components",
        boundary="crossing",
        segment_score="margin",
        suppression="soft",
        minimum_score=0.1,
        class_selection="all",
        class_weight=0.25,
    )
    assert told.post_processing() == its
    plain = {"suppression": "hard", "minimum_score": 0.0, "class_selection": "mean"}
    told = changed(
        TrainingConfig(), {**plain, "class_weight": 0.0, "segment_score": "wtalc"}, "here"
    )
    levels = PostProcessing(proposals="levels", segment_score="wtalc", boundary="crossing")
    assert told.post_processing() == levels


def test_the_background_weighs_one_over_the_classes_unless_told() -> None:
    assert TrainingConfig().background_weight_of(20) == 0.05
    told = changed(TrainingConfig(), {"background_weight": 0.01}, "here")
    assert told.background_weight_of(20) == 0.01
