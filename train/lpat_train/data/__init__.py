"""Labelled features of videos, in batches."""
