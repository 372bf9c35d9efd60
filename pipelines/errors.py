"""What a pipeline says when it cannot do its work."""


class CannotProcessError(Exception):
    """This image cannot be processed and trying again cannot help; the message says why."""
