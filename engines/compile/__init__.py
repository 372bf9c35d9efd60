"""From a PyTorch module to the ONNX graph that back ends run."""
