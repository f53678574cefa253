"""The methods that can be trained, by name: LPAT and those that it is compared with.

Each has a module with its network, its losses and a `METHOD` of both; what it changes in the
config, how it makes segments among it, is in `lpat_train.presets.METHOD_DEFAULTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lpat_train.config import MethodName
from lpat_train.methods import (
    autoloc,
    cmcs,
    hide_and_seek,
    lpat,
    star,
    stpn,
    three_c_net,
    untrimmednets,
    wtalc,
)
from lpat_train.methods.base import Method

METHODS: Mapping[MethodName, Method] = MappingProxyType(
    {
        "lpat": lpat.METHOD,
        "wtalc": wtalc.METHOD,
        "hide-and-seek": hide_and_seek.METHOD,
        "untrimmednets": untrimmednets.METHOD,
        "stpn": stpn.METHOD,
        "cmcs": cmcs.METHOD,
        "3c-net": three_c_net.METHOD,
        "star": star.METHOD,
        "autoloc": autoloc.METHOD,
    }
)
