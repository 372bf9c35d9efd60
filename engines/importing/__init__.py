"""From somebody's ONNX file to a model on the shelf."""
