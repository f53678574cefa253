"""lpat-detect --live: detections in a stream or a growing file, a line each."""
