"""Where and with what something was measured."""

from importlib.metadata import version

from engines.machine import processor
from service.version import VERSION

LIBRARIES = ("numpy", "scipy", "scikit-image", "scikit-learn", "opencv-python-headless", "openvino")


def described() -> str:
    """Return this release, the libraries and the processor in words."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"Senoscope {VERSION}; {libraries}; {processor()}"
