"""What clients send: OpenAI's fields, checked before a model hears of them.

Every field of the API is taken, refused or known to change nothing. One that an answer would silently not heed is
refused, as the answer would look as if it had been.
"""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from workbench.messages import Message
from workbench.serving.refusals import Refusal
from workbench.serving.schemas import check_schema

B = TypeVar("B", bound=BaseModel)
Prompt = str | tuple[Message, ...]

# These say who asks or how it is kept and billed, and change no answer.
_UNHEEDED = frozenset(
    {
        *("user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key"),
        *("prompt_cache_retention", "parallel_tool_calls"),
    }
)
_PENALTIES = "tokens are drawn as the model finds them, without penalties"
_TOOLS = "the models here call no tools"
# Taken with the values that change nothing; with others they are refused for this reason.
_REFUSED: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "presence_penalty": ((0,), _PENALTIES),
    "frequency_penalty": ((0,), _PENALTIES),
    "repeat_penalty": ((1,), _PENALTIES),
    "repetition_penalty": ((1,), _PENALTIES),
    "logit_bias": (({},), "no token is made likelier than the model finds it"),
    "best_of": ((1,), "samples are not chosen among; ask for several with n"),
    "suffix": (("",), "the models here write onwards, not into gaps"),
    "tools": (([],), _TOOLS),
    "tool_choice": (("none", "auto"), _TOOLS),
    "functions": (([],), _TOOLS),
    "function_call": (("none", "auto"), _TOOLS),
    "modalities": ((["text"],), "the models here write texts"),
}
_MOST = 128


class StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class Format(BaseModel):
    """`json_schema` is OpenAI's wrapping of a schema; `schema` beside json_object is what llama.cpp's servers take."""

    model_config = ConfigDict(protected_namespaces=())

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")

    @property
    def text(self) -> str:
        """The JSON schema to be kept to; empty for none."""
        if self.type == "text":
            return ""
        if self.type == "json_object":
            return json.dumps(self.schema_ or {"type": "object"})
        return json.dumps((self.json_schema or {})["schema"])

    @model_validator(mode="after")
    def _complete(self) -> "Format":
        if self.type == "json_schema":
            schema = (self.json_schema or {}).get("schema")
            if not isinstance(schema, dict):
                raise ValueError("json_schema.schema must be an object")
        if self.text:
            check_schema(json.loads(self.text))
        return self


class Body(BaseModel):
    """What chats and plain completions have in common; None leaves a choice to the server."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    model: str
    n: int = Field(default=1, ge=1, le=_MOST)
    stop: str | list[str] = Field(default=[], max_length=256)
    seed: int | None = None
    temperature: float = Field(default=1.0, ge=0.0, le=2.0)
    top_p: float = Field(default=1.0, ge=0.0, le=1.0)
    top_k: int = Field(default=0, ge=-1)
    min_p: float = Field(default=0.0, ge=0.0, le=1.0)
    max_tokens: int | None = Field(default=None, ge=0)
    response_format: Format | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()

    @field_validator("stop")
    @classmethod
    def _some(cls, value: str | list[str]) -> list[str]:
        stops = [value] if isinstance(value, str) else value
        if any(not stop for stop in stops) or len(stops) > 16:
            raise ValueError("give at most 16 texts, none of them empty")
        return stops

    @property
    def length(self) -> int | None:
        """The most tokens of an answer."""
        return self.max_tokens

    @property
    def schema_text(self) -> str:
        return self.response_format.text if self.response_format else ""

    @property
    @abstractmethod
    def prompts(self) -> Sequence[Prompt]:
        """What the model is given, one or several."""

    @property
    @abstractmethod
    def likely(self) -> int | None:
        """How many likely tokens are told beside each; None for no log-probabilities."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)

    type: Literal["text"]
    text: str


class _Said(BaseModel):
    """What clients send back of an answer besides its text, such as `refusal`, is not looked at."""

    model_config = ConfigDict(strict=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]
    tool_calls: None = None

    @property
    def message(self) -> Message:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class ChatBody(Body):
    messages: list[_Said] = Field(min_length=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)

    @property
    def length(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def prompts(self) -> Sequence[Prompt]:
        return [tuple(said.message for said in self.messages)]

    @property
    def likely(self) -> int | None:
        return (self.top_logprobs or 0) if self.logprobs else None

    @model_validator(mode="after")
    def _agree(self) -> "ChatBody":
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs")
        if self.max_tokens == 0:
            raise ValueError("max_tokens must be at least 1")
        return self


class TextBody(Body):
    prompt: str | list[str]
    echo: bool = False
    logprobs: int | None = Field(default=None, ge=0, le=20)
    max_tokens: int | None = Field(default=16, ge=0)

    @property
    def prompts(self) -> Sequence[Prompt]:
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    @property
    def likely(self) -> int | None:
        return self.logprobs

    @model_validator(mode="after")
    def _agree(self) -> "TextBody":
        if not 1 <= len(self.prompts) * self.n <= _MOST:
            raise ValueError(f"one to {_MOST} answers can be asked for at once: prompts times n")
        return self


class TemplateBody(BaseModel):
    """What llama-server takes where a conversation is wanted as its model reads it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    messages: list[_Said] = Field(min_length=1)
    add_generation_prompt: bool = True


def parse(kind: type[B], raw: bytes) -> B:
    """The body of a request; a Refusal names the field that is wrong."""
    given = {name: value for name, value in _object(raw).items() if value is not None and name not in _UNHEEDED}
    for name in _REFUSED.keys() & given.keys():
        neutral, why = _REFUSED[name]
        value = given.pop(name)
        if value not in neutral and not (name == "best_of" and value == given.get("n", 1)):
            raise Refusal(f"{name}: {why}", param=name, hint=f"leave {name} out", code="unsupported_parameter")
    if isinstance(given.get("prompt"), list) and any(not isinstance(one, str) for one in given["prompt"]):
        raise Refusal("prompt: this server takes texts, not tokens", param="prompt", code="unsupported_value")
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        # Of the branches of a union the one that got furthest is the one that was meant.
        deepest = max(error.errors(include_url=False), key=lambda each: len(each["loc"]))
    raise _wrong(deepest["loc"], deepest["type"], deepest["msg"])


def _wrong(where: tuple[int | str, ...], problem: str, said: str) -> Refusal:
    # Which branch of a union was tried says nothing to a client.
    path = [part for part in where if part != "str" and not str(part).startswith("list[")]
    name = ".".join(map(str, path)) or None
    if problem == "extra_forbidden":
        return Refusal(f"{name}: there is no such field", param=name, code="unknown_parameter")
    said = said.removeprefix("Value error, ")
    if problem == "missing":
        return Refusal(f"{name}: it is missing", param=name, code="missing_required_parameter")
    return Refusal(f"{name}: {said}" if name else said, param=name, code="invalid_value")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw, parse_constant=_no_number)
        # Half of a surrogate pair is JSON, but no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refusal(f"the body is not JSON: {said}", code="invalid_json") from error
    if not isinstance(found, dict):
        raise Refusal("the body is no JSON object", code="invalid_json")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
