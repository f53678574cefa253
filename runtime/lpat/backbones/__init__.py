"""Networks that turn clips of frames or of flow into features, and what they are fed."""
