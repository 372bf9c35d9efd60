"""The JSON Schema of `routes.toml`, for editors that complete and check while one types."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, WithDefaultSchema
from typing_extensions import override

from service.router.routes import Routes

TITLE = "Senoscope: routes.toml"


def routes_schema() -> Mapping[str, Any]:
    """Return the schema; TOML's tables and arrays are JSON's objects and arrays."""
    found = Routes.model_json_schema(schema_generator=_OfToml)
    return {"$schema": GenerateJsonSchema.schema_dialect, **found, "title": TITLE}


class _OfToml(GenerateJsonSchema):
    """What pydantic says of the tables, without what TOML has not: null."""

    @override
    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    @override
    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default") is None or isinstance(found["default"], dict):
            found.pop("default", None)  # what a table leaves out is said where its keys are
        return found

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False  # a title would say the key once more
