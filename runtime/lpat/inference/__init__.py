"""ONNX Runtime: files, devices and sessions."""
