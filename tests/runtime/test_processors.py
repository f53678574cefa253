"""Results don't depend on what instruction sets a processor has, within what docs/devices.md says.

OpenCV and NumPy are told not to use those that this processor has, which stands for one without.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.runtime import results_here

WITHOUT_AVX512 = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
WITHOUT_AVX2 = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR X86_V3",
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
ROOT = Path(__file__).parents[2]
FEATURES = 1e-3
"""How far features may be apart, in standard deviations of all of them."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, np.ndarray]:
    path = tmp_path_factory.mktemp("here") / "results.npz"
    results_here.main(str(path))
    return dict(np.load(path))


@pytest.mark.parametrize("environment", [WITHOUT_AVX512, WITHOUT_AVX2, ONE_THREAD])
def test_another_processor_finds_the_same(
    here: Mapping[str, np.ndarray], environment: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "results.npz"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", results_here.__name__, path],
        env={**os.environ, **environment}, cwd=ROOT, check=True, timeout=600,
    )  # fmt: skip
    there = dict(np.load(path))
    for name in ("flow", "segments", "scores"):  # all of them the core's
        np.testing.assert_array_equal(there[name], here[name], name)
    deviation = here["features"].std()
    assert deviation > 0
    assert np.abs(there["features"] - here["features"]).max() <= FEATURES * deviation
