"""One frozen class of options a step: flags, forms, request bodies and the notebooks' parameters cells derive from it.

Types are those that papermill's inspection reads: int, float, bool, str, an optional one of these, and list[str].
"""

import ast
import difflib
import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ValidationInfo

from workbench.errors import OptionsError

_KINDS: dict[object, str] = {int: "int", float: "float", bool: "bool", str: "str", list[str]: "list"}
_SPELLINGS = {"list": "list[str]"}
_SECRET = re.compile(r"(^|_)(api_key|access_key|secret|password|passwd)$")
_PLAIN = (bool, int, float, str, list, type(None))


@dataclass(frozen=True)
class OptionField:
    """One option as the shells see it; `kind` is int, float, bool, str or list, `result` says whether it is part of
    the fingerprint."""

    name: str
    kind: str
    optional: bool
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    result: bool = True

    @property
    def spelling(self) -> str:
        plain = _SPELLINGS.get(self.kind, self.kind)
        return f"Optional[{plain}]" if self.optional else plain

    @property
    def secret(self) -> bool:
        return _SECRET.search(self.name) is not None

    def allowed(self) -> str:
        """What a value may be, in words: `int, at least 1, at most 64`."""
        parts = [_SPELLINGS.get(self.kind, self.kind)]
        if self.choices:
            parts = ["one of " + ", ".join(self.choices)]
        if self.minimum is not None:
            parts.append(f"at least {self.minimum:g}")
        if self.maximum is not None:
            parts.append(f"at most {self.maximum:g}")
        return ", ".join(parts) + (" or None" if self.optional else "")


def option(
    default: Any,
    help: str,
    *,
    result: bool = True,
    choices: Sequence[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A field of an options class; `result=False` marks what cannot change results (threads, paths, keys)."""
    if re.search(r"[=#\n]", help):
        raise TypeError(f"an option's help may hold no '=', '#' or line break, which papermill misreads: {help!r}")
    extra: dict[str, Any] = {"result": result, "choices": list(choices)}
    return Field(default=default, description=help, ge=minimum, le=maximum, json_schema_extra=extra)


class Options(BaseModel):
    """Values are checked strictly: a number is never read from a text; an int is taken where a float is meant."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for field in describe(cls):
            if field.choices and field.kind != "str":
                raise TypeError(f"{cls.__name__}.{field.name}: only a str has choices")
            if re.search(r"[=#\n]", _literal(field.default)):
                raise TypeError(
                    f"{cls.__name__}.{field.name}: papermill misreads '=', '#' or a line break in a default"
                )

    @field_validator("*", mode="after")
    @classmethod
    def _one_of_the_choices(cls, value: object, info: ValidationInfo) -> object:
        choices = _extra(cls.model_fields[info.field_name or ""])["choices"]
        if choices and value is not None and value not in choices:
            raise ValueError("not one of the choices")
        return value

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Raises one OptionsError that names every unknown option and every wrong value, with what is allowed."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problems = [_problem(cls, detail) for detail in error.errors(include_url=False)]
        raise OptionsError(
            f"{_title(cls, problems)}\n" + "\n".join(f"  {p}" for p in problems), hint=_hint(cls, values)
        )

    @classmethod
    def from_notebook(cls, scope: Mapping[str, Any], **fixed: object) -> Self:
        """Options from a notebook's globals(), `fixed` ones added; meant for the first code cell behind the parameters.

        An unknown name that the parameters cell or papermill's injected cell assigns is refused like an unknown option.
        """
        assigned = _assigned_parameters(scope.get("In", ()), frozenset(cls.model_fields))
        known = {name for name in cls.model_fields if name in scope and isinstance(scope[name], _PLAIN)}
        values = {name: scope[name] for name in cls.model_fields if name in known or name in assigned & scope.keys()}
        values |= {name: scope.get(name) for name in sorted(assigned - cls.model_fields.keys())}
        cls.check_public({name: values[name] for name in values if name in assigned})
        return cls.parse(values | fixed)

    @classmethod
    def check_public(cls, values: Mapping[str, object]) -> None:
        """OptionsError for a key or password among the parameters of a notebook, which keeps what it was given."""
        told = [field.name for field in describe(cls) if field.secret and values.get(field.name)]
        if told:
            variables = ", ".join(f"WORKBENCH_{name.upper()}" for name in told)
            hint = f"give it by the environment ({variables}), and take it out of notebooks that hold it"
            raise OptionsError(f"{', '.join(told)}: a notebook would keep it among its parameters", hint=hint)

    def result_values(self) -> dict[str, Any]:
        """The values that a fingerprint covers."""
        return {field.name: getattr(self, field.name) for field in describe(type(self)) if field.result}

    def recorded_values(self) -> dict[str, Any]:
        """The values that may be written to disk: keys and passwords are blanked."""
        fields = describe(type(self))
        return {field.name: "" if field.secret else getattr(self, field.name) for field in fields}


def describe(cls: type[Options]) -> list[OptionField]:
    """The fields in the order of declaration, a class's own before those it inherits, the nearest class first;
    TypeError for a type that papermill's inspection cannot read."""
    classes = [base for base in cls.__mro__ if issubclass(base, Options)]
    depth = {name: place for place, base in reversed([*enumerate(classes)]) for name in base.__annotations__}
    fields = sorted(cls.model_fields.items(), key=lambda field: depth[field[0]])
    return [_describe_field(cls, name, info) for name, info in fields]


def parameters_cell(cls: type[Options], names: Sequence[str]) -> str:
    """Source of a notebook's parameters cell: one line an option, `name: type = default  # help`."""
    fields = {field.name: field for field in describe(cls)}
    unknown = [name for name in names if name not in fields]
    if unknown:
        raise OptionsError(f"{cls.__name__} has no {', '.join(unknown)}", hint=f"it has {', '.join(fields)}")
    chosen = [fields[name] for name in names]
    lines = [f"{field.name}: {field.spelling} = {_literal(field.default)}  # {field.help}" for field in chosen]
    if any(field.optional for field in chosen):
        lines = ["from typing import Optional", "", *lines]
    return "\n".join(lines)


def _describe_field(cls: type[Options], name: str, info: FieldInfo) -> OptionField:
    annotation, optional = _without_none(info.annotation)
    if annotation not in _KINDS:
        raise TypeError(f"{cls.__name__}.{name}: {info.annotation} is none of int, float, bool, str, list[str]")
    if not info.description:
        raise TypeError(f"{cls.__name__}.{name}: declare it with option(default, help)")
    bounds = {key: getattr(item, key) for item in info.metadata for key in ("ge", "le") if hasattr(item, key)}
    return OptionField(
        name=name,
        kind=_KINDS[annotation],
        optional=optional,
        default=info.get_default(call_default_factory=False),
        help=info.description,
        choices=tuple(_extra(info)["choices"]),
        minimum=bounds.get("ge"),
        maximum=bounds.get("le"),
        result=_extra(info)["result"],
    )


def _extra(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    return extra if isinstance(extra, dict) else {"choices": [], "result": True}


def _without_none(annotation: object) -> tuple[object, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    inner = [item for item in get_args(annotation) if item is not type(None)]
    return (inner[0], True) if len(inner) == 1 else (annotation, False)


def _literal(value: object) -> str:
    if isinstance(value, str | list):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _title(cls: type[Options], problems: Sequence[str]) -> str:
    count = "one option is" if len(problems) == 1 else f"{len(problems)} options are"
    return f"{count} wrong ({cls.__name__})"


def _problem(cls: type[Options], detail: ErrorDetails) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if not name:
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, cls.model_fields, n=1)
        return f"{name}: there is no such option" + (f"; did you mean {near[0]}?" if near else "")
    field = next(field for field in describe(cls) if field.name == name)
    given = "the value given" if field.secret else f"{detail['input']!r} ({type(detail['input']).__name__})"
    return f"{name}: {given} is not allowed; allowed: {field.allowed()}"


def _hint(cls: type[Options], values: Mapping[str, object]) -> str:
    texts = {field.name for field in describe(cls) if field.kind == "str"}
    if any(name in texts and isinstance(value, int | float) for name, value in values.items()):
        return "papermill reads digits as a number; -r NAME VALUE gives a text"
    if values.keys() - cls.model_fields.keys():
        return "the options are " + ", ".join(cls.model_fields)
    return ""


def _assigned_parameters(history: Sequence[str], fields: frozenset[str]) -> frozenset[str]:
    """Names assigned by the last parameters cell and by an injected cell executed behind it.

    The history's last cell is the one being executed; papermill opens an injected cell with a comment.
    """
    injected: frozenset[str] = frozenset()
    for source in reversed(history[:-1]):
        if source.lstrip().startswith("# Parameters"):
            injected = injected or frozenset(_targets(source, plain=True))
        elif fields & (annotated := frozenset(_targets(source, plain=False))):
            return injected | annotated
    return injected


def _targets(source: str, *, plain: bool) -> Iterator[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        elif plain and isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
