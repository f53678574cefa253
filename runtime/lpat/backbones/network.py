"""A backbone's network, loaded and run."""

from __future__ import annotations

import numpy as np

from lpat.backbones.backbone_file import Backbone
from lpat.errors import BackboneError, ModelError
from lpat.sessions import Session, cpu_session
from lpat.types import Float32Array


class Network:
    """A backbone's network on a device.

    Raises:
        BackboneError: it can't be loaded.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        try:
            self._session = Session(cpu_session(backbone.content), "CPUExecutionProvider")
        except ModelError as error:
            raise BackboneError(f"{backbone.path}: {error}") from error

    def features(self, clips: Float32Array) -> Float32Array:
        """Features (N, D) of clips (N, C, T, H, W).

        Raises:
            BackboneError: the network can't be computed, or gives features of another shape or
                that aren't finite.
        """
        backbone = self.backbone
        try:
            (features,) = self._session.run([backbone.output], backbone.feed(clips))
        except ModelError as error:
            raise BackboneError(f"{backbone.path}: {error}") from error
        expected = (len(clips), backbone.metadata.dimension)
        if features.shape != expected:
            raise BackboneError(
                f"{backbone.path}: expected features {expected} of {backbone.title}, "
                f"not {features.shape}"
            )
        if not np.isfinite(features).all():
            raise BackboneError(f"{backbone.path}: {backbone.title} gives features not finite")
        return np.asarray(features, np.float32)
