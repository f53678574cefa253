"""Backbones' networks, loaded on a device and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lpat.backbones.files import Backbone
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, DeviceError, ModelError
from lpat.files.folders import cache_folder
from lpat.inference.devices import CPU, Extent, device_of
from lpat.inference.sessions import Session, bundle_session, load_on_cpu, load_on_device
from lpat.types import Float32Array

CPU_BATCH, GPU_BATCH = 1, 8
"""Clips that are run at once where nothing else is said: on a CPU, two of I3D take as long as one
and another one."""


class Network:
    """A backbone's network in a session, run on up to `batch` clips at once."""

    def __init__(self, backbone: Backbone, session: Session, batch: int) -> None:
        self.backbone = backbone
        self.session = session
        self.batch = batch
        self._beside = _smallest_inputs(session, backbone.beside)

    def features(self, clips: Float32Array) -> Float32Array:
        """Features (N, D) of clips (N, C, T, H, W).

        Raises:
            BackboneError: the network can't be computed, or gives features of another shape or
                that aren't finite.
            DeviceError: the GPU fails.
        """
        starts = range(0, len(clips), self.batch)
        return np.concatenate([self._run(clips[start : start + self.batch]) for start in starts])

    def _run(self, clips: Float32Array) -> Float32Array:
        backbone, count = self.backbone, len(clips)
        size = backbone.batch or count
        clips = np.concatenate([clips, np.repeat(clips[-1:], size - count, axis=0)])
        named = f"{backbone.path}: {backbone.title}"
        try:
            (features,) = self.session.run(
                [backbone.output], {**self._beside, backbone.input: clips}
            )
        except ModelError as error:
            raise BackboneError(f"{named}: {error}") from error
        except DeviceError as error:
            raise DeviceError(f"{named}: {error}") from error
        expected = (size, backbone.metadata.dimension)
        if features.shape != expected:
            raise BackboneError(f"{named}: expected features {expected}, not {features.shape}")
        if not np.isfinite(features).all():
            raise BackboneError(f"{named}: it gives features that are not finite")
        return np.asarray(features[:count], np.float32)


def load_networks(
    backbones: Sequence[Backbone], how: Backbones, threads: int = 0
) -> tuple[Network, ...]:
    """Networks on the device and with the batch that `how` has; those of one file share a session.

    On a CPU each run takes so many `threads`; 0 are one per core.

    Raises:
        BackboneError: one can't be loaded.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
    """
    files: dict[str, list[Backbone]] = {}
    for backbone in backbones:
        files.setdefault(backbone.file_sha256, []).append(backbone)
    sessions = {digest: _session(its, how, threads) for digest, its in files.items()}
    networks = []
    for backbone in backbones:
        session = sessions[backbone.file_sha256]
        usual = backbone.batch or (CPU_BATCH if session.provider == CPU else GPU_BATCH)
        networks.append(Network(backbone, session, backbone.batch or how.batch or usual))
    return tuple(networks)


def _session(backbones: Sequence[Backbone], how: Backbones, threads: int) -> Session:
    """The session of a file's backbones."""
    first = backbones[0]
    content = first.read()
    try:
        if first.is_bundled:
            on_cpu = bundle_session(content, first.file_sha256, threads)
        else:
            on_cpu = load_on_cpu(content, threads=threads, steady=True)
        besides = _smallest_inputs(Session(on_cpu, CPU), first.beside)
        extents = {name: Extent.fixed(array.shape) for name, array in besides.items()}
        for backbone in backbones:
            extents[backbone.input] = _extent(backbone, how.batch or GPU_BATCH)
        return load_on_device(
            content,
            on_cpu,
            extents,
            device_of(how.device),
            outputs=[backbone.output for backbone in backbones],
            require_gpu=how.require_gpu,
            engines=cache_folder() / "engines" / first.file_sha256[:24],
        )
    except ModelError as error:
        raise BackboneError(f"{first.path}: {error}") from error


def _extent(backbone: Backbone, batch: int) -> Extent:
    shape = backbone.metadata.clip_shape
    smallest, largest = (backbone.batch or count for count in (1, batch))
    return Extent((smallest, *shape), (largest, *shape), (largest, *shape))


def _smallest_inputs(session: Session, names: Sequence[str]) -> Mapping[str, Float32Array]:
    """For inputs that must be fed though nothing that is asked for depends on them."""
    shapes = {entry.name: entry.shape for entry in session.runtime.get_inputs()}
    return {
        name: np.zeros([side if isinstance(side, int) else 1 for side in shapes[name]], np.float32)
        for name in names
    }
