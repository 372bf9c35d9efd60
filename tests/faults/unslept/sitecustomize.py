"""Lets Python sleep under libfaketime, which spoils `clock_nanosleep` to an absolute time."""

import select
import time


def sleep(seconds: float) -> None:
    """Wait by select(2), which libfaketime leaves alone."""
    select.select([], [], [], seconds)


time.sleep = sleep
