"""Darknet's .cfg and .weights files, and their conversion to ONNX."""
