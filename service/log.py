"""How the node logs: one line an event, for people on a terminal, JSON for machines."""

import logging
import sys
import warnings

import structlog
from pydicom import config

NOISY = (
    "pynetdicom",
    "alembic",
    "uvicorn",
    "celery",
    "kombu",
    "multiprocessing",
    "httpx",
    "httpcore",
)
TOLD_BETTER = ("pynetdicom.dimse", "pynetdicom.utils", "celery.worker.request")
"""What these say is said by us, without a stack trace."""


def set_up() -> None:
    """Send structlog's and the standard library's records to stderr in one format."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    for_people, for_machines = structlog.dev.ConsoleRenderer(), structlog.processors.JSONRenderer()
    renderer = for_people if sys.stderr.isatty() else for_machines
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for told_better in TOLD_BETTER:
        logging.getLogger(told_better).setLevel(logging.CRITICAL)
    keep_values_out()


def keep_values_out() -> None:
    """Let pydicom quote no values, which may be a patient's, in warnings and log."""
    config.settings.reading_validation_mode = config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
