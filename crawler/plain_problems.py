"""Say in plain words what pydantic found wrong with a value of a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OBJECT, _LIST, _NUMBER, _WHOLE, _SWITCH = (
    "should be a JSON object",
    "should be a JSON list",
    "should be a number",
    "should be a whole number",
    "should be on or off",
)
_PLAIN: Mapping[str, str] = {
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "string_type": "should be text",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_parsing": _SWITCH,
    "bool_type": _SWITCH,
    "literal_error": "should be {expected}",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be {ge} or more",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be {le} or less",
    "too_short": "should have {min_length} or more",
    "missing": "is missing",
    "extra_forbidden": "is not known",
}


def plain_problem(problem: Mapping[str, Any]) -> str:
    """Return what is wrong, for an entry of `ValidationError.errors()`; a kind without words here keeps its own."""
    kind, value = problem["type"], problem["input"]
    if isinstance(value, (str, float)) and str(value).strip().lower() == "nan":  # it is compared with a bound
        return _NUMBER
    if kind in _PLAIN:
        return _PLAIN[kind].format(**problem.get("ctx", {}))
    return str(problem["msg"]).removeprefix("Value error, ")
