"""jsonschema without its grammar of IRIs, whose loading takes longer than all checks; no schema here names a format."""

import sys
from typing import Any

_GRAMMAR = "rfc3987_syntax"
_modules: dict[str, Any] = sys.modules
_left_out = "jsonschema" not in _modules and _GRAMMAR not in _modules
if _left_out:
    # What a module of that name is None for cannot be imported; jsonschema then goes without, as it does where the
    # package is not installed.
    _modules[_GRAMMAR] = None

from jsonschema import Draft202012Validator  # noqa: E402
from jsonschema.exceptions import ValidationError  # noqa: E402
from jsonschema.validators import extend  # noqa: E402

if _left_out:
    del _modules[_GRAMMAR]

__all__ = ["Draft202012Validator", "ValidationError", "extend"]
