"""Chooses the colours of classes, and says how far apart they are.

    python -m benchmarks.viewer.class_colours          # how far apart those of the table are
    python -m benchmarks.viewer.class_colours --choose # a table, for lpat/report/class_colours.py

The first eight are given. Each further one is the colour that lies farthest from all before it, to
eyes with and without protanopia and deuteranopia alike, among those that stand out of the page and
lie far from the few before it in order: neighbours are seen together most.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np

from lpat.report.class_colours import CLASS_COLOURS
from lpat.types import Float64Array

SEEN = {
    "trichromacy": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
}  # fmt: skip
"""Linear red, green and blue as they are seen: Machado, Oliveira and Fernandes (2009)."""

PAGES = {"light": ("#ffffff", "#111111"), "dark": ("#16191d", "#f5f5f5")}
"""Background and threshold of the viewer; those of reports are nearly the same."""

GIVEN = 8
CONTRAST = 3.0  # to the background, by WCAG 2
LIGHTNESS, CHROMA = (0.32, 0.93), 0.05
"""In OKLab, so that none is taken for black, white or a grey, which say something else."""
APART = (0.16, 0.11, 0.08)
"""Distances in OKLab from the colour before, the one before that, and the third."""


def linear_of(colours: Float64Array) -> Float64Array:
    """Linear light of sRGB colours (N, 3) in [0, 1]."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def parts_of(colours: list[str]) -> Float64Array:
    """Red, green and blue in [0, 1] of `#rrggbb`."""
    return np.array([[int(c[at : at + 2], 16) / 255 for at in (1, 3, 5)] for c in colours])


def oklab(colours: Float64Array) -> Float64Array:
    """Lightness and two axes of hue (V, N, 3), of Ottosson (2020), as kinds of eyes see them."""
    cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    axes = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    light = linear_of(colours)
    seen = [np.clip(light @ matrix.T, 0, 1) for matrix in SEEN.values()]
    return np.stack([np.cbrt(its @ cones.T) @ axes.T for its in seen])


def luminance(colours: Float64Array) -> Float64Array:
    return linear_of(colours) @ np.array([0.2126, 0.7152, 0.0722])


def choose(given: list[str], page: str, count: int) -> list[str]:
    """The given colours and as many more as make `count`."""
    background, threshold = PAGES[page]
    steps = np.arange(0, 256, 5)
    grid = np.array(list(itertools.product(steps, repeat=3)))
    ground = luminance(parts_of([background]))[0]
    light = luminance(grid / 255)
    contrast = (np.maximum(light, ground) + 0.05) / (np.minimum(light, ground) + 0.05)
    lightness, *hue = oklab(grid / 255)[0].T
    coloured = np.hypot(*hue) >= CHROMA
    within = (lightness >= LIGHTNESS[0]) & (lightness <= LIGHTNESS[1])
    grid = grid[(contrast >= CONTRAST) & coloured & within]
    names = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in grid]
    candidates = oklab(grid / 255)
    chosen = [threshold, *given]
    known = list(np.moveaxis(oklab(parts_of(chosen)), 1, 0))
    nearest = np.min(
        [np.linalg.norm(candidates - its[:, None], axis=2).min(axis=0) for its in known], axis=0
    )
    while len(chosen) <= count:
        fits = np.ones(len(names), bool)
        for apart, its in zip(APART, reversed(known), strict=False):
            fits &= np.linalg.norm(candidates - its[:, None], axis=2).min(axis=0) >= apart
        best = int(np.argmax(np.where(fits, nearest, -1)))
        chosen.append(names[best])
        known.append(candidates[:, best])
        far = np.linalg.norm(candidates - candidates[:, best][:, None], axis=2).min(axis=0)
        nearest = np.minimum(nearest, far)
    return chosen[1:]


def apart(colours: list[str]) -> Float64Array:
    """Distances (N, N) of colours, each to the eyes that tell them apart worst."""
    places = oklab(parts_of(colours))
    return np.linalg.norm(places[:, :, None] - places[:, None], axis=3).min(axis=0)


def smallest(colours: list[str]) -> tuple[float, float]:
    """The smallest distance of any two, and of any two neighbours."""
    distances = apart(colours)
    pairs = np.triu_indices(len(colours), 1)
    return float(distances[pairs].min()), float(np.diag(distances, 1).min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true")
    tables = [list(its) for its in zip(*CLASS_COLOURS, strict=True)]
    if parser.parse_args().choose:
        tables = [choose(its[:GIVEN], page, 100) for its, page in zip(tables, PAGES, strict=True)]
        for light, dark in zip(*tables, strict=True):
            print(f'    ("{light}", "{dark}"),')
    for page, table in zip(PAGES, tables, strict=True):
        for count in (GIVEN, 20, 24, 100):
            of_any, of_neighbours = smallest(table[:count])
            print(
                f"{page:5} {count:3} classes: any two {of_any:.3f}, neighbours {of_neighbours:.3f}"
            )


if __name__ == "__main__":
    main()
