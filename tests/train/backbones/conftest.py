"""A small I3D: an eighth of the channels, clips of 64 x 64."""

from pathlib import Path

import pytest
import torch

from benchmarks.video.random_i3d import random_state

WIDTH = 1 / 8
SIZE = 64


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Random weights of a small RGB network, with a classifier as published files have it."""
    path = tmp_path / "rgb.pt"
    classifier = {
        "logits.conv3d.weight": torch.ones(157, 128, 1, 1, 1),
        "logits.conv3d.bias": torch.ones(157),
    }
    torch.save({**random_state(3, WIDTH), **classifier}, path)
    return path
