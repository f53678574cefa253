"""Where networks run: what is asked for, what is refused, and that nothing falls back unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from lpat.errors import DeviceError, ModelError, UsageError
from lpat.inference import sessions
from lpat.inference.devices import (
    CPU,
    CUDA,
    LONGEST_RUN,
    TENSORRT,
    Device,
    Extent,
    SessionPlan,
    cuda_device_count,
    device_of,
    extents_of_head,
    plan_of,
    products_by_provider,
    provider_options,
    refusal_of,
)
from lpat.localizer import Localizer
from lpat.types import Features, FeatureSpec

SPEC = FeatureSpec("precomputed", 1, {}, 6)
ALL = (TENSORRT, CUDA, CPU)
MakeModel = Callable[..., Path]
no_gpu = pytest.mark.skipif(cuda_device_count() > 0, reason="there is a CUDA device")
needs_gpu = pytest.mark.skipif(cuda_device_count() == 0, reason="no CUDA device")


@pytest.fixture
def model(tmp_path: Path, make_model: MakeModel) -> Path:
    return make_model(tmp_path / "model.onnx", SPEC)


def features_of(snippets: int) -> Features:
    values = np.random.default_rng(snippets).normal(size=(snippets, SPEC.dimension))
    return Features(values.astype(np.float32), SPEC, snippets * SPEC.snippet_seconds)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("auto", Device("auto")),
        ("cpu", Device("cpu")),
        ("cuda", Device("cuda", 0)),
        ("cuda:3", Device("cuda", 3)),
        ("tensorrt:1", Device("tensorrt", 1)),
    ],
)
def test_a_device_is_read_and_written(text: str, device: Device) -> None:
    assert device_of(text) == device
    assert device_of(str(device)) == device


@pytest.mark.parametrize(
    "text", ["", "gpu", "cuda:", "cuda:-1", "cuda:1234", "cpu:0", "CUDA", "auto:1"]
)
def test_what_is_no_device_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected auto, cpu, cuda, cuda:N, tensorrt"):
        device_of(text)


@pytest.mark.parametrize(
    ("device", "required", "built_in", "gpus", "plan"),
    [
        ("cpu", False, ALL, 2, SessionPlan(CPU)),
        ("auto", False, ALL, 0, SessionPlan(CPU)),
        ("auto", False, ALL, 1, SessionPlan(CUDA)),
        ("auto", True, ALL, 1, SessionPlan(CUDA, required=True)),
        ("cuda", False, ALL, 1, SessionPlan(CUDA, required=True)),
        ("cuda:1", False, ALL, 2, SessionPlan(CUDA, required=True)),
        ("tensorrt", False, ALL, 1, SessionPlan(TENSORRT, required=True)),
    ],
)
def test_what_is_asked_of_onnx_runtime(device, required, built_in, gpus, plan: SessionPlan) -> None:
    found = plan_of(device_of(device), require_gpu=required, built_in=built_in, gpus=gpus)
    assert found == plan


def test_auto_says_why_a_gpu_that_is_there_is_left_alone() -> None:
    plan = plan_of(Device("auto"), require_gpu=False, built_in=[CPU], gpus=1)
    assert plan.provider == CPU
    assert "a CUDA device is there, but" in (plan.note or "")
    assert "install onnxruntime-gpu" in (plan.note or "")


@pytest.mark.parametrize(
    ("device", "required", "built_in", "gpus", "error", "message"),
    [
        ("cpu", True, ALL, 1, UsageError, "--require-gpu: expected a device other than cpu"),
        ("auto", True, ALL, 0, DeviceError, "--require-gpu: no CUDA device was found"),
        ("auto", True, [CPU], 1, DeviceError, "--require-gpu: .* built without CUDA"),
        ("cuda", False, ALL, 0, DeviceError, "--device cuda:0: no CUDA device was found"),
        ("cuda:1", False, ALL, 1, DeviceError, "--device cuda:1: .* there is cuda:0 only"),
        ("cuda:9", False, ALL, 4, DeviceError, "there is cuda:0 to cuda:3"),
        ("cuda", False, [CPU], 1, DeviceError, "--device cuda:0: .* built without CUDA"),
        ("tensorrt", False, [CUDA, CPU], 1, DeviceError, "built without Tensorrt"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    device, required, built_in, gpus, error, message
) -> None:
    with pytest.raises(error, match=message):
        plan_of(device_of(device), require_gpu=required, built_in=built_in, gpus=gpus)


@pytest.mark.parametrize(
    ("provider", "made", "products", "refusal"),
    [
        (CUDA, [CUDA, CPU], {CUDA: 3}, None),
        (CUDA, [CPU], {CPU: 3}, "could not use CUDA"),
        (CUDA, [], {}, "could not use CUDA"),
        (CUDA, [CUDA, CPU], {CUDA: 1, CPU: 2}, "2 of the model's 3 matrix products have no kernel"),
        (TENSORRT, [TENSORRT, CUDA, CPU], {TENSORRT: 1}, None),
        (TENSORRT, [TENSORRT, CUDA, CPU], {TENSORRT: 1, CUDA: 1}, None),
        (TENSORRT, [TENSORRT, CUDA, CPU], {CUDA: 3}, "TensorRT took no part"),
        (TENSORRT, [CUDA, CPU], {CUDA: 3}, "could not use Tensorrt"),
        (CPU, [CPU], {CPU: 3}, None),
    ],
)
def test_a_session_elsewhere_than_planned_is_refused(provider, made, products, refusal) -> None:
    found = refusal_of(SessionPlan(provider), made, products)
    assert found is None if refusal is None else refusal in (found or "")


def test_products_are_counted_once_a_node_and_shapes_not_at_all() -> None:
    def node(name: str, operator: str, provider: str) -> dict:
        return {"cat": "Node", "name": name, "args": {"op_name": operator, "provider": provider}}

    events = [
        {"cat": "Session", "name": "model_run"},
        {"cat": "Node", "name": "MatMul_0_fence_before", "args": {"op_name": "MatMul"}},
        node("a", "MatMul", CUDA),
        node("a", "MatMul", CUDA),
        node("b", "FusedConv", CPU),
        node("c", "Shape", CPU),
        node("d", "TRTKernel_graph_main", TENSORRT),
        node("e", "MatMulIntegerToFloat", CPU),
    ]
    assert products_by_provider(events) == {CUDA: 1, CPU: 2, TENSORRT: 1}
    assert products_by_provider([]) == {}


def test_tensorrt_is_told_all_lengths_and_keeps_engines_apart() -> None:
    options = provider_options(
        TENSORRT,
        Device("tensorrt", 2),
        extents=extents_of_head(40),
        precision="int8",
        engines=Path("cache/abc"),
    )
    assert options["device_id"] == "2"
    assert options["trt_profile_min_shapes"] == "features:1x1x40"
    assert options["trt_profile_max_shapes"].endswith(f"x{LONGEST_RUN}x40")
    assert options["trt_engine_cache_path"] == str(Path("cache/abc"))
    assert (options["trt_fp16_enable"], options["trt_int8_enable"]) == ("0", "1")


def test_tensorrt_is_told_the_extents_of_all_inputs() -> None:
    extents = {"rgb": Extent((1, 3, 4), (2, 3, 4), (8, 3, 4)), "features": Extent.fixed((1, 1, 6))}
    options = provider_options(
        TENSORRT, Device("tensorrt"), extents=extents, precision="float32", engines=Path()
    )
    assert options["trt_profile_min_shapes"] == "rgb:1x3x4,features:1x1x6"
    assert options["trt_profile_opt_shapes"] == "rgb:2x3x4,features:1x1x6"
    assert options["trt_profile_max_shapes"] == "rgb:8x3x4,features:1x1x6"


def test_cuda_is_told_not_to_try_algorithms_on_each_length() -> None:
    options = provider_options(
        CUDA, Device("cuda", 1), extents={}, precision="float32", engines=Path()
    )
    assert options["device_id"] == "1"
    assert options["cudnn_conv_algo_search"] == "HEURISTIC"
    assert provider_options(CPU, Device("cpu"), extents={}, precision="int8", engines=Path()) == {}


def test_a_session_is_judged_by_what_really_ran(model: Path) -> None:
    """The provider asked for stands in for a GPU's, whichever machine this is."""
    content = model.read_bytes()
    extents = extents_of_head(SPEC.dimension)
    session = sessions._gpu_session(content, SessionPlan(CPU), {CPU: {}}, extents, ["scores"])
    assert session.get_providers() == [CPU]
    with pytest.raises(DeviceError, match="ONNX Runtime could not use CUDAExecutionProvider"):
        sessions._gpu_session(content, SessionPlan(CUDA), {CPU: {}}, extents, ["scores"])


@no_gpu
@pytest.mark.skipif(CUDA not in onnxruntime.get_available_providers(), reason="no CUDA built in")
def test_a_gpu_that_cannot_be_used_is_never_replaced_unsaid(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A driver says there is a GPU, and the libraries or the GPU itself are missing."""
    monkeypatch.setattr(sessions, "cuda_device_count", lambda: 1)
    localizer = Localizer(model)
    assert localizer.provider == CPU
    assert (localizer.provider_note or "").startswith("a CUDA device is there, but ")
    for device, required in (("cuda", False), ("auto", True), ("tensorrt", False)):
        with pytest.raises(DeviceError) as caught:
            Localizer(model, device, require_gpu=required)
        assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""  # what ONNX Runtime prints of it isn't ours


@no_gpu
def test_a_gpu_that_is_not_there_is_refused(model: Path) -> None:
    with pytest.raises(DeviceError, match="no CUDA device was found"):
        Localizer(model, "cuda")
    with pytest.raises(DeviceError, match="--require-gpu: no CUDA device was found"):
        Localizer(model, require_gpu=True)
    localizer = Localizer(model, "auto")
    assert (localizer.provider, localizer.provider_note) == (CPU, None)


class Failing:
    """A session whose runs fail."""

    def run(self, *_: object) -> None:
        raise RuntimeError("CUDA failure 2: out of memory\nstack")


def test_a_run_that_fails_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime: onnxruntime.InferenceSession = Failing()  # type: ignore[assignment]
    with pytest.raises(
        DeviceError, match=r"^CUDAExecutionProvider: CUDA failure 2: out of memory$"
    ):
        sessions.Session(runtime, CUDA).run(["scores"], {})
    with pytest.raises(ModelError, match="the model can't be computed: CUDA failure"):
        sessions.Session(runtime, CPU).run(["scores"], {})


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_gives_the_scores_of_the_cpu(model: Path, device: str) -> None:
    if device == "tensorrt":
        pytest.importorskip("tensorrt_libs", reason="TensorRT isn't installed")
    on_gpu = Localizer(model, device, require_gpu=True)
    assert on_gpu.provider == (CUDA if device == "cuda" else TENSORRT)
    assert on_gpu.provider_note is None
    for snippets in (1, 40, 41, 2000):
        features = features_of(snippets)
        ours, theirs = on_gpu.score(features), Localizer(model, "cpu").score(features)
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)
        np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-4)
