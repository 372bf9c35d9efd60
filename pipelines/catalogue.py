"""The pipelines there are."""

from collections.abc import Mapping

from pipelines.pipeline import Pipeline
from pipelines.super_resolution import SuperResolution

PIPELINES: Mapping[str, Pipeline] = {pipeline.name: pipeline for pipeline in (SuperResolution(),)}
