import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.settings import Settings
from workbench.export import export_gguf
from workbench.generation.spans import names, question_grammar, span_grammar, spans

PASSAGE = (
    "## Firemric Light\n\nFiremric Light has a height of 136 metres. It was designed by Walia Pelcourt (in 1214).\n"
    "|Name |Length\n|Vel Pier |73 metres"
)


def test_answers_of_all_types_are_among_the_spans() -> None:
    found = spans(PASSAGE)
    for answer in ("136 metres", "Walia Pelcourt", "1214", "Firemric Light", "Vel Pier", "73 metres"):
        assert answer in found


def test_a_span_stays_in_its_sentence_and_cell() -> None:
    found = spans(PASSAGE)
    assert not [span for span in found if "metres. It" in span or "|" in span or "Vel Pier 73" in span]
    assert max(len(span.split()) for span in found) == 5
    assert len(found) == len(set(found))


def test_marks_alone_are_no_answer() -> None:
    assert spans("|===\n|Name |Town\n|===\n## - ...") == ["Name", "Town"]
    assert span_grammar("|===|\n---") == ""


@given(st.text(alphabet=st.sampled_from('ab1ü \n|.,"\\()[]*#-'), max_size=60))
def test_every_alternative_occurs_in_the_text(text: str) -> None:
    flat = " ".join(text.split())
    grammar = span_grammar(text)
    alternatives = re.findall(r'"((?:\\.|[^"\\])*)"', grammar)
    unescaped = [re.sub(r"\\(.)", r"\1", alternative) for alternative in alternatives]
    assert unescaped == spans(text)
    assert all(span in flat for span in unescaped)
    # Nothing is left between the quoted alternatives that could be read as something else.
    assert grammar == "" or re.fullmatch(r'root ::= "(\\.|[^"\\])*"( \| "(\\.|[^"\\])*")*', grammar)


def test_names_are_runs_of_capitals_and_lone_ones_inside_a_sentence() -> None:
    text = (
        "## Firemric Light\n\nThe keeper of Firemric Light is Walia Pelcourt. Ships land at Gilelholm, not elsewhere."
    )
    assert names(text) == ["Firemric Light", "Walia Pelcourt", "Gilelholm"]
    assert names("|Vel Pier |73 metres\nNothing else") == ["Vel Pier"]
    assert names("no names here") == []


@pytest.fixture(scope="module")
def engine(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    path = export_gguf(tiny_model, tmp_path_factory.mktemp("gguf") / "tiny.gguf", "F32")
    engine = LlamaEngine(path, Settings(context_size=0, threads=1))
    yield engine
    engine.close()


@pytest.mark.parametrize("text", ["", "no names here", 'The town of Velmar Light is "Os\\Kar Dun".', PASSAGE])
@pytest.mark.parametrize("grammar_of", [question_grammar, span_grammar])
def test_a_model_of_random_weights_keeps_to_the_grammar(
    text: str, grammar_of: Callable[[str], str], engine: LlamaEngine
) -> None:
    grammar = grammar_of(text)
    with engine.session() as session:
        for seed in range(4):
            sampling = Sampling(max_tokens=40, temperature=2.0)
            session.submit(Request(f"{seed}", prompt="x", sampling=sampling, grammar=grammar, seed=seed))
        answers = [completion.text for completion in session if completion.finish == "stop" and grammar]
    if grammar_of is span_grammar:
        assert set(answers) <= set(spans(text))
    for answer in answers if grammar_of is question_grammar else ():
        without = re.sub("|".join(map(re.escape, names(text))) or "(?!)", "name", answer)
        assert re.fullmatch(r"([A-Z][a-z]*|name)( ([a-z0-9'-]+))+\?", without)
