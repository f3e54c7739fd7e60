import pytest

from workbench.serving.schemas import check_schema


def test_a_usual_schema_is_taken() -> None:
    check_schema({"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 20})


def test_a_property_may_be_called_as_a_count() -> None:
    check_schema({"type": "object", "properties": {"maxItems": {"type": "integer"}}})


@pytest.mark.parametrize("name", ["maxItems", "minLength"])
def test_a_grammar_of_a_million_repetitions_is_not_made(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 1000000"):
        check_schema({"anyOf": [{"type": "string"}, {"items": {name: 1_000_000}}]})


def test_nor_one_that_is_very_deep() -> None:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(60):
        schema = {"type": "array", "items": schema}
    with pytest.raises(ValueError, match="deep"):
        check_schema(schema)
