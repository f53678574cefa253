"""Adam as training needs it: computed step by step, and never compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer


class Adam(torch.optim.Adam):
    """PyTorch's Adam, without loading the compiler, which takes as long as all the rest of PyTorch.

    PyTorch's own methods are wrapped in what keeps the compiler out of them, and loads it for that.
    What they wrap is the same computation.
    """

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)
    step: Callable[..., Any] = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))
