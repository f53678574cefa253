"""The optimiser is PyTorch's, whose compiler isn't loaded for it."""

import subprocess
import sys

import torch

from lpat_train.training.adam import Adam


def weights_after_steps(optimiser: type[torch.optim.Adam]) -> torch.Tensor:
    """Those of a layer that is trained in two parts, the second from the first's state."""
    torch.manual_seed(0)
    layer, state = torch.nn.Linear(4, 3), None
    for _ in range(2):
        its = optimiser(layer.parameters(), lr=0.01, weight_decay=1e-3)
        if state is not None:
            its.load_state_dict(state)
        for _ in range(5):
            its.zero_grad()
            layer(torch.randn(6, 4)).square().sum().backward()
            its.step()
        state = its.state_dict()
    return layer.weight.detach()


def test_weights_are_those_of_pytorchs_own() -> None:
    assert torch.equal(weights_after_steps(Adam), weights_after_steps(torch.optim.Adam))


def test_the_compiler_is_not_loaded() -> None:
    code = (
        "import sys; from tests.train.training.test_adam import Adam, weights_after_steps\n"
        "weights_after_steps(Adam); print('torch._dynamo' in sys.modules)"
    )
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert told.strip() == "False"
