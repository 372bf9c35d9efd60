"""The Mammography CAD report of a study (PS3.16 TID 4000)."""

from pipelines.results.cad_report.document import cad_report

__all__ = ["cad_report"]
