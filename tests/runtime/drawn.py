"""Frames and ticks that are drawn, not decoded."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Drawn:
    """A frame that is drawn, not decoded."""

    picture: np.ndarray  # (H, W, 3)

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def width(self) -> int:
        return self.picture.shape[1]

    @property
    def height(self) -> int:
        return self.picture.shape[0]

    def bgr(self, size: tuple[int, int] | None = None) -> np.ndarray:
        if size is None:
            return self.picture
        return cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA)

    def gray(self, size: tuple[int, int] | None = None) -> np.ndarray:
        return cv2.cvtColor(self.bgr(size), cv2.COLOR_BGR2GRAY)


@dataclass(frozen=True)
class TickOf:
    index: int
    frame: Drawn
    repeated: bool
