import random
import string

import pytest

from tests.taxonomy.test_plain_style import sample_texts
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import qna_of
from workbench.taxonomy.secrets import check_secrets
from workbench.taxonomy.yaml_file import parse_yaml

ALPHABET = string.ascii_letters + string.digits


def _found(answer: str) -> list[Finding]:
    quoted = answer.replace("'", "''")
    text = f"seed_examples:\n  - question: Why?\n    answer: '{quoted}'\n" if "\n" not in answer else ""
    block = "".join(f"      {line}\n" for line in answer.split("\n"))
    file = parse_yaml(text or f"seed_examples:\n  - question: Why?\n    answer: |\n{block}", "qna.yaml")
    return list(check_secrets(file, qna_of(file, "skill")))


def _drawn(seed: int, length: int, letters: str = ALPHABET) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(letters) for _ in range(length))


# Put together here, so that no file of this project holds anything of a secret's form.
SECRETS = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an AWS access key": "AK" + "IA" + _drawn(1, 16, string.ascii_uppercase + string.digits),
    "a GitHub token": "gh" + "p_" + _drawn(2, 36),
    "a GitLab token": "gl" + "pat-" + _drawn(3, 20),
    "a Hugging Face token": "h" + "f_" + _drawn(4, 34),
    "a Slack token": "xo" + "xb-" + _drawn(5, 24),
    "a Google API key": "AI" + "za" + _drawn(6, 35),
    "a Stripe key": "sk" + "_live_" + _drawn(7, 24),
    "an API key": "s" + "k-proj-1" + _drawn(8, 40),
    "an npm or PyPI token": "np" + "m_" + _drawn(9, 36),
    "a JSON Web Token": "ey" + "J" + _drawn(10, 20) + ".ey" + "J" + _drawn(11, 40) + "." + _drawn(12, 30),
    "a password in an address": "https://ada:" + "s3cr-et@" + "example.org/x",
    "a password or key": "password: hunter" + "2hunter2",
    "a key": _drawn(13, 40),
}


@pytest.mark.parametrize("form", SECRETS)
def test_a_secret_is_found_by_its_form_and_never_repeated(form: str) -> None:
    [found] = [one for one in _found(f"Log in with {SECRETS[form]} today.") if one.code == "secret"]
    assert (found.severity, found.yaml_path, found.message) == (
        "warning",
        ".seed_examples[0].answer",
        f"what looks like {form}",
    )
    assert SECRETS[form] not in str(found)
    assert SECRETS[form][-8:] not in str(found)


def test_a_text_of_several_lines_tells_the_line() -> None:
    [found] = _found(f"First.\nThen {SECRETS['a GitHub token']}.\nLast.")
    assert found.message == "what looks like a GitHub token in line 2 of the text"


def test_random_keys_are_found_whatever_they_are() -> None:
    found = [bool(_found(f"Use {_drawn(seed, 40)} now.")) for seed in range(200)]
    assert sum(found) > 190


@pytest.mark.parametrize(
    "text",
    [
        "The commit is 951999afdc59c46d325493568193b40bd5439c9e.",
        "SHA-256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "The identifier 550e8400-e29b-41d4-a716-446655440000 is a UUID.",
        "Call getElementsByClassNameAndAttributeValue2 or IncompatibleClassChangeError1.",
        "See https://example.org/a/path/to/SomePage1WithA2LongName3AndMore4Words5.html for more.",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "The password: it must have eight letters and 2 digits.",
        "Set password = ${PASSWORD1} or password: <your-password-1>.",
        "A sk-learn pipeline, a risk-averse man, a desk-bound clerk of 40 years and 20 days.",
        "=========================================",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ACGTACGTTAGCATCGATCGATCGATCGATCGGGCTA",
        "ATGAAACGCATTAGCACCACCATTACCACCACCATCACC 12:30 A1-B2-C3-D4",
        "One at example.org is Ada: ada@example.org, ada@mail.example.com, ada@host.test, root@localhost.",
        "@somebody wrote x@y, and 3@4.",
    ],
)
def test_what_only_looks_odd_is_left_alone(text: str) -> None:
    assert _found(text) == []


def test_the_sample_s_texts_hold_none() -> None:
    for text in sample_texts():
        file = parse_yaml(text, "qna.yaml")
        assert list(check_secrets(file, qna_of(file, "knowledge"))) == []


def test_an_address_is_found_and_not_repeated() -> None:
    [found] = _found("Write to ada.lovelace+x@lighthouse-keepers.net, or call.")
    assert (found.code, found.message) == ("email-address", "an e-mail address")
    assert "lovelace" not in str(found)


def test_a_token_in_the_documents_address_is_found() -> None:
    address = "https://ada:" + "tok3n@" + "example.org/x.git"
    text = f"seed_examples: []\ndocument: {{repo: '{address}', commit: main, patterns: [a]}}\n"
    file = parse_yaml(text, "qna.yaml")
    [found] = check_secrets(file, qna_of(file, "knowledge"))
    assert found.yaml_path == ".document.repo"
