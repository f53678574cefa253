"""Decoding, optical flow and feature extraction."""
