"""When results say that they were made: by the day, so that the same day gives the same bytes."""

from datetime import datetime, time


def day_of(moment: datetime) -> datetime:
    """Return the local midnight that began the day of `moment`; DICOM's dates are local."""
    return datetime.combine(moment.astimezone().date(), time()).astimezone()
