"""How good detections are, and why."""
