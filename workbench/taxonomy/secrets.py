"""Passwords, keys and e-mail addresses that slipped into a leaf: whatever is in a seed, the model will know.

Known forms first, then words that look drawn by chance. What was found is never shown again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import log2

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Qna, texts_of
from workbench.taxonomy.yaml_file import Keys, YamlFile

# Each begins at the start of a word and has a bounded length: no text makes the search slow.
_FORMS = {
    "a private key": r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY",
    "an AWS access key": r"(?<![A-Z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Z0-9])",
    "a GitHub token": r"(?<!\w)(?:gh[opsur]_[A-Za-z0-9]{36,251}|github_pat_\w{22,251})",
    "a GitLab token": r"(?<![\w-])glpat-[\w-]{20,64}",
    "a Hugging Face token": r"(?<!\w)hf_[A-Za-z0-9]{30,64}",
    "a Slack token": r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,250}",
    "a Google API key": r"(?<![\w-])AIza[\w-]{35}",
    "a Stripe key": r"(?<!\w)[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}",
    "an API key": r"(?<![\w-])sk-(?:[a-z0-9]{2,12}-){0,3}(?=[\w-]{0,40}\d)[\w-]{20,250}",
    "an npm or PyPI token": r"(?<![\w-])(?:npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,250})",
    "a JSON Web Token": r"(?<![\w-])eyJ[\w-]{8,500}\.eyJ[\w-]{8,2000}\.[\w-]{8,500}",
    "a password in an address": r"(?<=://)[^\s/:@<>{}]{1,64}:[^\s/:@<>{}]{3,128}(?=@)",
}
_TELLING = (
    "-----BEGIN", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "hf_", "xox", "AIza",
    "k_live_", "k_test_", "sk-", "npm_", "pypi-", "eyJ", "://",
)  # fmt: skip
_KNOWN = re.compile("|".join(f"(?P<form{place}>{form})" for place, form in enumerate(_FORMS.values())))
# `password = "…"`, where what follows looks neither like a word nor like a placeholder.
_NAMES = r"(?i:api[_-]?key|secret[_-]?key|access[_-]?key|client[_-]?secret|auth[_-]?token|password|passwd)"
_ASSIGNS = re.compile(r"(?i:key|secret|token|passwo?r?d)[\"']?\s{0,3}[:=]")
_ASSIGNED = re.compile(
    rf"{_NAMES}"
    r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?=[^\s\"']{0,40}\d)(?=[^\s\"']{0,40}[A-Za-z])([^\s\"'<>{}$*,;()]{8,128})"
)
_WORD = re.compile(r"(?<![\w/.+=-])[A-Za-z0-9_+=-]{28,200}(?![\w/.])")
_BITS = 4.3
_ADDRESS = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]{0,63}@(?P<host>[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5})"
)
# Reserved for examples (RFC 2606 and RFC 6761).
_EXAMPLES = re.compile(r"(?i)(?:.*[.-])?(?:example(?:\.(?:com|net|org|edu))?|test|invalid|localhost)")


def check_secrets(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    """One finding a text and form; of a text of several lines the message names the line."""
    texts: list[tuple[Keys, str]] = list(texts_of(qna))
    if qna.document:
        texts.append((("document", "repo"), qna.document.repo))
    whole = "\n".join(text for _, text in texts)
    # Nearly every file is done with here: looking for a few letters is much quicker than for the forms.
    suspicious = any(letters in whole for letters in _TELLING) or _ASSIGNS.search(whole) or _WORD.search(whole)
    addressed = "@" in whole
    for keys, text in texts if suspicious or addressed else ():
        yield from _secret(file, keys, text)
        yield from _address(file, keys, text)


def _secret(file: YamlFile, keys: Keys, text: str) -> Iterator[Finding]:
    for form, start in {form: start for start, form in reversed(list(_found(text)))}.items():
        hint = "write an invented one that says so, and withdraw the real one: others may have read it"
        finding = file.finding(keys, "secret", f"what looks like {form}{_line(text, start)}", hint=hint)
        yield replace(finding, severity="warning")


def _found(text: str) -> Iterator[tuple[int, str]]:
    names = list(_FORMS)
    known = [(match.start(), names[int((match.lastgroup or "form0")[4:])]) for match in _KNOWN.finditer(text)]
    yield from known
    assigned = [(match.start(1), "a password or key") for match in _ASSIGNED.finditer(text)]
    yield from assigned
    if not known and not assigned:
        yield from ((match.start(), "a key") for match in _WORD.finditer(text) if _is_random(match[0]))


def _is_random(word: str) -> bool:
    """Letters of both cases and digits, mixed all over; digests, which are public, are of one case."""
    kinds = ["digit" if letter.isdigit() else "upper" if letter.isupper() else "lower" for letter in word]
    changes = sum(one != other for one, other in pairwise(kinds))
    if len(set(kinds)) < 3 or changes < len(word) / 3 or kinds.count("digit") < 3:
        return False
    counts = Counter(word).values()
    return -sum(count / len(word) * log2(count / len(word)) for count in counts) >= min(_BITS, log2(len(word)) - 0.6)


def _address(file: YamlFile, keys: Keys, text: str) -> Iterator[Finding]:
    real = (match for match in _ADDRESS.finditer(text) if not _EXAMPLES.fullmatch(match["host"]))
    if match := next(real, None):
        hint = "write one at example.org, which belongs to nobody"
        finding = file.finding(keys, "email-address", f"an e-mail address{_line(text, match.start())}", hint=hint)
        yield replace(finding, severity="warning")


def _line(text: str, start: int) -> str:
    above = text.count("\n", 0, start)
    return f" in line {above + 1} of the text" if above else ""
