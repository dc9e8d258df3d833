"""The ids of operations in the OpenAPI document, by which generated clients name their functions."""

from __future__ import annotations

from fastapi.routing import APIRoute


def name_operation(route: APIRoute) -> str:
    """Return the id of a route's operation: `getWork` for the function `get_work`."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
