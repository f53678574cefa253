"""A model run on the open video, beside the window."""
