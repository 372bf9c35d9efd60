"""TensorRT on an NVIDIA GPU: plans built on the machine that runs them, fed through pycuda.

Neither TensorRT nor pycuda is imported before it is needed: both fail where there is no driver.
"""
