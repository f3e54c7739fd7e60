"""Files, and what else can lie in a file's place, that are meant to hurt whoever reads them.

    python -m tests.taxonomy.worst_files

prints for each, measured in a process of its own, the seconds that the check of a leaf takes, the memory that it takes
beyond that of a process that has checked a small file, and the codes of what it found.
"""

import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.validation import check_leaf
from workbench.taxonomy.yaml_file import MAX_BYTES, MAX_VALUES

LEAF, SKILL_LEAF = "knowledge/town/tool_library", "compositional_skills/writing/clocks"
SKILL = starting_files("skill")["qna.yaml"]
KNOWLEDGE = starting_files("knowledge")["qna.yaml"]
HEAD = "version: 3\ncreated_by: somebody\ntask_description: x\nseed_examples:\n"
_FULL = MAX_BYTES - 200
_ITEMS = MAX_VALUES - 40


def _bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _merge_bomb(levels: int) -> str:
    lines = ["a0: &a0 {x: 1, y: 2}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _alias_chain(levels: int) -> str:
    return (
        "a0: &a0 [x]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, levels))
        + f"created_by: *a{levels - 1}\n"
    )


def _filled(line: Callable[[int], str], head: str = HEAD, most: int = _FULL) -> str:
    """As many lines as the size allows, and no more values than the limit."""
    parts, length, number = [head], len(head), 0
    while length < most:
        parts.append(line(number))
        length += len(parts[-1].encode())
        number += 1
    return "".join(parts)


def _seeds(count: int, question: Callable[[int], str]) -> str:
    return HEAD + "".join(f"  - question: {question(n)}\n    answer: a{n}\n" for n in range(count))


def _shuffled(number: int) -> str:
    return " ".join(sorted(f"w{number * factor % 97}" for factor in range(20)))


def _random_text(seed: int, letters: str, length: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(letters) for _ in range(length))


def _prose(length: int) -> str:
    rng = random.Random(3)
    words = [_random_text(n, "abcdefghij", 6) for n in range(400)]
    return " ".join(rng.choice(words) for _ in range(length // 7))


_BACKSLASHES = "\\\\" * (_FULL // 4)
_FIRST = f"{HEAD}  - question: "
TEXTS: dict[str, Callable[[], str | bytes]] = {
    "aliases for billions": lambda: _bomb(12, 9),
    "aliases for thousands": lambda: _bomb(4, 9),
    "merge keys for billions": lambda: _merge_bomb(12),
    "merge keys for thousands": lambda: _merge_bomb(4),
    "a chain of aliases": lambda: _alias_chain(1000),
    "a long text repeated by aliases": lambda: f"a: &a {'x' * 60_000}\nb: [{', '.join(['*a'] * 1000)}]\n",
    "a loop of aliases": lambda: "a: &a [*a]\n",
    "brackets within brackets": lambda: "[" * _FULL,
    "braces within braces": lambda: "{a: " * (_FULL // 4),
    "braces within braces without blanks": lambda: "{" * _FULL,
    "lists within lists": lambda: "- " * (_FULL // 2) + "x\n",
    "keys within keys": lambda: "".join(f"{' ' * n}a:\n" for n in range(350)),
    "question marks within question marks": lambda: "? " * (_FULL // 2),
    "a list in a line": lambda: f"a: [{'x,' * (_FULL // 2)}]\n",
    "a list in a line within the limit": lambda: f"version: 3\na: [{', '.join(['x'] * _ITEMS)}]\n",
    "a list in a line, badly spaced": lambda: f"version: 3\na: [{' ,  '.join(['x'] * _ITEMS)}]\n",
    "a list of numbers": lambda: f"version: 3\nseed_examples: [{', '.join(map(str, range(_ITEMS)))}]\n",
    "a list of equal numbers": lambda: f"version: 3\nseed_examples: [{', '.join(['1'] * _ITEMS)}]\n",
    "a list of keys": lambda: "version: 3\nseed_examples:\n" + "".join(f"  - {{a: {n}}}\n" for n in range(_ITEMS // 3)),
    "a hundred thousand items": lambda: "version: 3\nseed_examples:\n" + "- a\n" * 30_000,
    "keys that nobody knows": lambda: "version: 3\n" + "".join(f"key{n}: {n}\n" for n in range(_ITEMS // 2)),
    "a key again and again": lambda: "version: 3\n" + "key: 1\n" * (_ITEMS // 2),
    "keys of keys": lambda: "version: 3\n" + "".join(f"? [{n}]\n: 1\n" for n in range(_ITEMS // 3)),
    "odd lines": lambda: "version: 3\n" + "  \n" * (_FULL // 3),
    "odd lines in a text": lambda: "version: 3\na: |\n" + "  x \n" * (_FULL // 5),
    "empty lines": lambda: "version: 3\n" + "\n" * _FULL,
    "empty lines between keys": lambda: _filled(lambda n: f"k{n}: 1\n\n\n\n", "version: 3\n", 80_000),
    "remarks": lambda: "version: 3\n" + "# yamllint disable-line rule:colons\n" * (_FULL // 36),
    "a long line": lambda: f"version: 3\ncreated_by: {'x' * _FULL}\n",
    "a long quoted text": lambda: f'version: 3\ncreated_by: "{_BACKSLASHES}"\n',
    "a long text of short lines": lambda: "version: 3\ncreated_by: |\n" + "  a\n" * (_FULL // 4),
    "a long plain text of short lines": lambda: "version: 3\ncreated_by: a\n" + "  a\n" * (_FULL // 4),
    "a long text that is not clean": lambda: f"version: 3\ncreated_by:  {_prose(_FULL)}\n",
    "prose in many seeds": lambda: _filled(lambda n: f"  - question: q{n}\n    answer:  {_prose(400)}\n"),
    "seeds that are alike": lambda: _seeds(
        _ITEMS // 5, lambda n: f"Which of the {n} boats in the long harbour is blue?"
    ),
    "seeds that are the same": lambda: _seeds(_ITEMS // 5, lambda n: "Which boat in the harbour is blue?"),
    "seeds of the same words in turn": lambda: _seeds(_ITEMS // 9, _shuffled),
    "long seeds that are alike": lambda: _filled(
        lambda n: f"  - question: {_prose(6000)} {n}\n    answer: a\n", most=_FULL - 7000
    ),
    "a number without end": lambda: f"version: 3\ncreated_by: {'9' * _FULL}\n",
    "a number of minutes without end": lambda: f"version: 3\ncreated_by: {'1:' * (_FULL // 2)}1\n",
    "a number in hexadecimal without end": lambda: f"version: 3\ncreated_by: 0x{'f' * _FULL}\n",
    "a number that Python does not print": lambda: f"version: 0x{'f' * 990}\ncreated_by: 0x{'f' * 990}\n",
    "a name without end": lambda: f"version: 3\n&{'a' * _FULL} x: 1\n",
    "a tag without end": lambda: f"version: 3\nx: !{'a' * _FULL} 1\n",
    "addresses without end": lambda: f"{_FIRST}{'a.' * (_FULL // 4)}@{'b.' * (_FULL // 8)}\n    answer: a\n",
    "beginnings of tokens": lambda: f"{_FIRST}{'eyJ' * (_FULL // 6)}\n    answer: {'://a:' * (_FULL // 12)}\n",
    "beginnings of keys": lambda: f"{_FIRST}{'password=' * (_FULL // 20)}\n    answer: {'sk-' * (_FULL // 8)}\n",
    "letters drawn by chance": lambda: f"{_FIRST}{_random_text(1, 'aB3dE6gH9', _FULL - 100)}\n    answer: a\n",
    "links within links": lambda: KNOWLEDGE.replace(
        "Anyone who", "[" * (_FULL // 2) + "](" * (_FULL // 8) + " Anyone who"
    ),
    "tags within tags": lambda: KNOWLEDGE.replace("Anyone who", "<a" * (_FULL // 4) + " Anyone who"),
    "contexts that are nowhere": lambda: _nowhere(),
    "several documents": lambda: "a: 1\n---\n" * (_FULL // 9),
    "many directives": lambda: "%YAML 1.1\n" * (_FULL // 10) + "---\na: 1\n",
    "an error at the end": lambda: (
        _filled(lambda n: f"  - question: q{n}\n    answer: {_prose(300)}\n", most=_FULL - 900) + "x: y: z\n"
    ),
    "tabs": lambda: "a:\n" + "\t- b\n" * (_FULL // 5),
    "half a letter, escaped": lambda: SKILL.replace("created_by: ", 'created_by: "\\ud83d"\nx\\ud83d: ').replace(
        "It is noon.", '"\\ud83d"'
    ),
    "binary": lambda: bytes(range(256)) * 900,
    "random bytes": lambda: random.Random(5).randbytes(_FULL),
    "zero bytes": lambda: b"\0" * _FULL,
    "UTF-16": lambda: SKILL.encode("utf-16"),
    "UTF-16 without a mark": lambda: SKILL.encode("utf-16-le"),
    "UTF-32": lambda: SKILL.encode("utf-32"),
    "Latin-1": lambda: SKILL.replace("noon", "\xe4").encode("latin-1"),
    "half a letter": lambda: SKILL.encode() + b"\xe2\x82",
    "over the limit": lambda: b"a" * (MAX_BYTES + 1),
}
# Read as any other file: the marks of other systems, which nobody minds.
HARMLESS: dict[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + SKILL.encode(),
    "line ends of Windows": SKILL.replace("\n", "\r\n").encode(),
    "line ends of old Macs": SKILL.replace("\n", "\r").encode(),
}


def _nowhere() -> str:
    pairs = "".join(f"      - question: q{n}\n        answer: a\n" for n in range(3))
    seeds = "".join(
        f"  - context: Anyone who is sixteen or older {_prose(150)} {n}\n    questions_and_answers:\n{pairs}"
        for n in range(150)
    )
    return KNOWLEDGE[: KNOWLEDGE.index("  - context")] + seeds + KNOWLEDGE[KNOWLEDGE.index("document:\n") :]


def _huge(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(100 * 2**20)


def _huge_attribution(file: Path) -> None:
    file.write_text(SKILL)
    _huge(file.with_name("attribution.txt"))


def _huge_document(file: Path) -> None:
    file.write_text(KNOWLEDGE)
    with file.with_name("document.md").open("wb") as opened:
        opened.truncate(60 * 2**20)


def _long_document(file: Path) -> None:
    file.write_text(_nowhere())
    file.with_name("document.md").write_text("Anyone who is sixteen or older " + _prose(2**20 - 2**18) + "[" * 2**17)


def _loop(file: Path) -> None:
    file.symlink_to(file.with_name("other"))
    file.with_name("other").symlink_to(file)


def _socket(file: Path) -> None:
    here = os.open(file.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as opened:
        # By a short name: an address holds no more than some hundred letters.
        opened.bind(f"/proc/self/fd/{here}/{file.name}")
    os.close(here)


def _link_to(target: str) -> Callable[[Path], None]:
    def link(file: Path) -> None:
        shutil.rmtree(file.parent / "far", ignore_errors=True)
        file.symlink_to(target)

    return link


def _pipe_as_attribution(file: Path) -> None:
    file.write_text(SKILL)
    os.mkfifo(file.with_name("attribution.txt"))


# What lies in the place of qna.yaml, or beside it.
PLACES: dict[str, Callable[[Path], None]] = {
    "100 MiB": _huge,
    "an attribution of 100 MiB": _huge_attribution,
    "a document of 60 MiB": _huge_document,
    "a long document": _long_document,
    "a folder": lambda file: file.mkdir(),
    "a pipe": lambda file: os.mkfifo(file),
    "a pipe as attribution": _pipe_as_attribution,
    "a socket": _socket,
    "a device": _link_to("/dev/zero"),
    "a process's file": _link_to("/proc/self/qna.yaml"),
    "a link to nowhere": _link_to("nowhere/qna.yaml"),
    "a loop of links": _loop,
    "nothing": lambda file: None,
}


def lay(root: Path, name: str) -> Leaf:
    """The leaf with that name's file in the place of its own."""
    content = TEXTS[name]() if name in TEXTS else HARMLESS.get(name, b"")
    data = content.encode() if isinstance(content, str) else content
    leaf = (
        new_leaf(root, "skill", SKILL_LEAF).leaf
        if b"task_description" in data
        else new_leaf(root, "knowledge", LEAF).leaf
    )
    leaf.qna_file.unlink()
    if name in PLACES:
        if "attribution" in name:
            leaf.attribution_file.unlink()
        PLACES[name](leaf.qna_file)
    else:
        leaf.qna_file.write_bytes(data)
    return leaf


def weigh(names: list[str]) -> list[dict[str, Any]]:
    """One record a name, each from a process of its own that has checked a small file before."""
    with tempfile.TemporaryDirectory() as folder:
        new_leaf(Path(folder) / "small", "knowledge", LEAF)
        check_leaf(Leaf(LEAF, Path(folder) / "small"))
        leaves = {name: lay(Path(folder) / str(number), name) for number, name in enumerate(names)}
        return [_weighed(name, leaf, Path(folder) / "answer") for name, leaf in leaves.items()]


def _weighed(name: str, leaf: Leaf, answer: Path) -> dict[str, Any]:
    answer.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        try:
            signal.alarm(120)
            answer.write_text(json.dumps(_measure(leaf)))
        except BaseException:  # noqa: BLE001 - the copy of this process must never go on behind here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return {"name": name, "size": _size(leaf), "status": status} | (
        json.loads(answer.read_text()) if not status else {}
    )


def _measure(leaf: Leaf) -> dict[str, Any]:
    Path("/proc/self/clear_refs").write_text("5")
    before, wall, processor = _memory("VmRSS"), time.perf_counter(), time.process_time()
    codes = sorted({finding.code for finding in check_leaf(leaf)})
    spent = (time.perf_counter() - wall, time.process_time() - processor)
    memory = round((_memory("VmHWM") - before) / 1024, 1)
    return {"seconds": round(spent[0], 3), "processor": round(spent[1], 3), "MiB": memory, "codes": codes}


def _size(leaf: Leaf) -> int:
    return leaf.qna_file.stat().st_size if leaf.qna_file.is_file() else 0


def _memory(field: str) -> int:
    """In KiB, as the kernel counts it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), resource.getrusage(0).ru_maxrss)


if __name__ == "__main__":
    for found in weigh([name for name in (*TEXTS, *PLACES, *HARMLESS) if name in sys.argv[1:] or len(sys.argv) == 1]):
        sys.stdout.write(json.dumps(found) + "\n")
