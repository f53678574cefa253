"""Tagging: what each video of a folder shows, told by its user."""
