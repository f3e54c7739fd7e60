"""What a service asks for a million tokens, from a file of one's own, so that an estimate can be said in money.

    currency: EUR
    generation_output: 1.80
    training_input: 0.60

The two meters are those of the managed service: output tokens of data generation, and input tokens of training. The
file is YAML or JSON.
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import NotFoundError, RecordError
from workbench.generation.options import GenerationOptions
from workbench.workspace import Workspace

METERS = ("generation_output", "training_input")
_KEYS = ("currency", *METERS)
_HINT = "it holds, for example, currency: EUR, generation_output: 1.80, training_input: 0.60 (per million tokens)"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Per million tokens of each meter; a meter that the file leaves out costs nothing."""

    currency: str
    per_million: Mapping[str, float]

    def cost(self, tokens: Mapping[str, int]) -> dict[str, Any]:
        """Money for each meter and in all, with the currency; `tokens` are by meter."""
        parts = {meter: tokens[meter] * self.per_million.get(meter, 0.0) / _MILLION for meter in METERS}
        return {"currency": self.currency, **parts, "total": sum(parts.values())}


def money_text(amount: float, currency: str) -> str:
    """`1,234.50 EUR`; of less than a tenth two more digits."""
    return f"{amount:,.2f} {currency}" if amount >= 0.1 or not amount else f"{amount:.4f} {currency}"


def find_prices(options: GenerationOptions, workspace: Workspace) -> Prices | None:
    """Those that the options name; none without a name."""
    return read_prices(workspace.resolve(options.prices)) if options.prices else None


def read_prices(path: Path) -> Prices:
    """NotFoundError without the file; RecordError says which key or value is wrong and shows what is right."""
    data = _mapping(path)
    for key in data:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else _HINT
            raise RecordError(f"{path}: there is no price called {key!r}", hint=hint)
    currency = data.get("currency")
    if not isinstance(currency, str) or not currency.strip():
        raise RecordError(f"{path}: it names no currency", hint=_HINT)
    if not any(meter in data for meter in METERS):
        raise RecordError(f"{path}: it prices neither {METERS[0]} nor {METERS[1]}", hint=_HINT)
    return Prices(currency.strip(), {meter: _price(path, meter, data[meter]) for meter in METERS if meter in data})


def _mapping(path: Path) -> Mapping[Any, Any]:
    try:
        data = yaml.safe_load(path.expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no price file {path}", hint=_HINT) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: no prices can be read from it: {error}", hint=_HINT) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise RecordError(f"{place}: neither YAML nor JSON", hint=_HINT) from error
    if not isinstance(data, dict):
        raise RecordError(f"{path}: not a table of prices", hint=_HINT)
    return data


def _price(path: Path, meter: str, value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(float(str(value))) or float(str(value)) < 0:
        raise RecordError(f"{path}: {meter} is {value!r}", hint="a price is a number from 0, per million tokens")
    return float(str(value))
