"""Detections and scores as files, ours and those of other programs."""
