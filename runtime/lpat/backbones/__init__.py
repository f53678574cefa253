"""Features of pretrained clip networks: ONNX files that say themselves what they must be fed."""
