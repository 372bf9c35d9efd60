"""What the TensorRT back end uses of TensorRT and pycuda, and whether their bindings have it."""
