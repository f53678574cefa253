"""Trains LPAT from video-level tags and exports it as one ONNX file."""
