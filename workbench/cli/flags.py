"""Flags made from an options class: its names with dashes; types, bounds, choices, defaults and help as declared."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from workbench.options import OptionField, Options, describe

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_TYPES: dict[str, click.ParamType[Any]] = {"float": click.FLOAT, "str": click.STRING, "list": click.STRING}


def options_command(
    options_class: type[Options],
    *,
    name: str | None = None,
    leave_out: tuple[str, ...] = (),
    also: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], click.Command]:
    """Turns `function(options, **others)` into a command; `others` come from click decorators below this one.

    `also` gives options a second name. The options' class checks the values, so a flag is refused in the same words as
    a notebook's parameter.
    """
    fields = [field for field in describe(options_class) if field.name not in leave_out]
    flags = [flag(field, (also or {}).get(field.name, "")) for field in fields]

    def decorate(function: Callable[..., Any]) -> click.Command:
        def callback(**values: Any) -> Any:
            given = _given(click.get_current_context(), fields)
            others = {key: value for key, value in values.items() if key not in {field.name for field in fields}}
            return function(options_class.parse(given), **others)

        callback.__doc__ = function.__doc__
        declared = getattr(function, "__click_params__", [])
        callback.__click_params__ = [*declared, *reversed(flags)]  # type: ignore[attr-defined]
        return click.command(name or function.__name__.replace("_", "-"))(callback)

    return decorate


def workspace_flag(function: Decorated) -> Decorated:
    """`--workspace DIR`, given to the command as a Path or None."""
    kind = click.Path(file_okay=False, path_type=Path)
    help = "The project's folder; by default the nearest one upwards."
    return click.option("--workspace", type=kind, default=None, metavar="DIR", help=help)(function)


def output_flag(function: Decorated) -> Decorated:
    """`--output text|json`, given to the command as a str."""
    kind = click.Choice(["text", "json"])
    return click.option("--output", type=kind, default="text", help="How to show it.", show_default=True)(function)


def flag(field: OptionField, also: str = "") -> click.Option:
    """One option as a flag, by one name or two; a key or password may also come from the environment."""
    dashed = "--" + field.name.replace("_", "-")
    switch = f"{dashed}/--no-{dashed[2:]}" if field.kind == "bool" else dashed
    return click.Option(
        [switch, *([f"--{also}"] if also else []), field.name],
        type=_type(field),
        default=field.default,
        multiple=field.kind == "list",
        help=field.help,
        show_default=field.default not in (None, "", []),
        envvar=f"WORKBENCH_{field.name.upper()}" if field.secret else None,
    )


def _type(field: OptionField) -> click.ParamType[Any] | None:
    if field.choices:
        return click.Choice(field.choices)
    if field.kind == "bool":
        return None
    if field.kind == "int":
        return click.IntRange(_whole(field.minimum), _whole(field.maximum))
    if field.kind == "float" and (field.minimum, field.maximum) != (None, None):
        return click.FloatRange(field.minimum, field.maximum)
    return _TYPES[field.kind]


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def _given(context: click.Context, fields: list[OptionField]) -> Mapping[str, object]:
    """The values that somebody gave, on the command line or in the environment."""
    default = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    names = [field.name for field in fields if context.get_parameter_source(field.name) not in default]
    values = {name: context.params[name] for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
