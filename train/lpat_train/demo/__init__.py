"""Small videos with known actions, rendered on the spot to try the whole path on."""

from lpat_train.demo.render import render_dataset

__all__ = ["render_dataset"]
