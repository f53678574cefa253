"""Published networks of clips, and what makes one ONNX file of each."""
