"""Networks in ONNX, read by the package of that name, which an extra brings."""
