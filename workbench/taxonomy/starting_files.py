"""Files that a new leaf starts with: short, valid, and meant to be written over."""

from dataclasses import dataclass

from workbench.taxonomy.attribution import Attribution
from workbench.taxonomy.qna import Kind

_AUTHOR = "your-github-name"
_TIMES = (
    ("13:05", "five past one in the afternoon"),
    ("07:30", "half past seven in the morning"),
    ("20:15", "a quarter past eight in the evening"),
    ("09:45", "a quarter to ten in the morning"),
    ("12:00", "noon"),
)


@dataclass(frozen=True)
class _Section:
    title: str
    passage: str
    pairs: tuple[tuple[str, str], ...]


_SECTIONS = (
    _Section(
        "Joining",
        "Anyone who is sixteen or older and lives in the town may join the tool library. A card costs ten crowns a "
        "year. New members show a letter with their address.",
        (
            ("How old must one be to join the tool library?", "Sixteen or older."),
            ("What does a card cost?", "Ten crowns a year."),
            ("What do new members of the tool library show?", "A letter with their address."),
        ),
    ),
    _Section(
        "Opening hours",
        "The tool library opens on Tuesday and Saturday. On Tuesday it is open from four to seven in the afternoon. "
        "On Saturday it is open from nine until noon.",
        (
            ("On which days does the tool library open?", "On Tuesday and Saturday."),
            ("When is the tool library open on Tuesday?", "From four to seven in the afternoon."),
            ("When is the tool library open on Saturday?", "From nine until noon."),
        ),
    ),
    _Section(
        "Loans",
        "A member may borrow three tools at a time. Each loan lasts one week. It can be extended once by telephone, "
        "unless somebody else is waiting for the tool.",
        (
            ("How many tools may a member of the tool library borrow?", "Three at a time."),
            ("How long does a loan last?", "One week."),
            ("How is a loan extended?", "Once, by telephone."),
        ),
    ),
    _Section(
        "Returns",
        "Tools come back clean and dry. A late tool costs one crown a day. Whoever brings back a broken tool at once "
        "pays nothing.",
        (
            ("In which state do tools come back to the tool library?", "Clean and dry."),
            ("What does a late tool cost?", "One crown a day."),
            ("What does somebody pay who brings back a broken tool at once?", "Nothing."),
        ),
    ),
    _Section(
        "Repairs",
        "Volunteers repair tools on the first Saturday of each month. Spare parts are kept in the red cupboard. "
        "Everyone may watch and learn.",
        (
            ("When do volunteers of the tool library repair tools?", "On the first Saturday of each month."),
            ("Where are spare parts kept?", "In the red cupboard."),
            ("Who may watch the repairs?", "Everyone."),
        ),
    ),
)


def starting_files(kind: Kind) -> dict[str, str]:
    """Names and texts of the files of a new leaf."""
    if kind == "skill":
        return {"qna.yaml": _skill(), "attribution.txt": _attribution("Times on two clocks").text()}
    attribution = _attribution("The tool library").text()
    return {"qna.yaml": _knowledge(), "attribution.txt": attribution, "document.md": _document()}


def _skill() -> str:
    seeds = (
        f"  - question: How is {time} said on a 12-hour clock?\n    answer: It is {words}.\n" for time, words in _TIMES
    )
    task = "Say a time of the 24-hour clock in words of the 12-hour clock."
    return f"version: 3\ncreated_by: {_AUTHOR}\ntask_description: {task}\nseed_examples:\n{''.join(seeds)}"


def _knowledge() -> str:
    return (
        f"version: 3\ncreated_by: {_AUTHOR}\ndomain: Tool library\n"
        "document_outline: How the tool library of a small town lends tools, from joining to repairs.\n"
        f"seed_examples:\n{''.join(_seed(section) for section in _SECTIONS)}"
        'document:\n  repo: .\n  commit: HEAD\n  patterns: ["*.md"]\n'
    )


def _seed(section: _Section) -> str:
    pairs = (f"      - question: {question}\n        answer: {answer}\n" for question, answer in section.pairs)
    return f"  - context: |-\n      {section.passage}\n    questions_and_answers:\n{''.join(pairs)}"


def _document() -> str:
    sections = (f"\n## {section.title}\n\n{section.passage}\n" for section in _SECTIONS)
    return f"# The tool library\n{''.join(sections)}"


def _attribution(title: str) -> Attribution:
    return Attribution(title=title, link="-", licence="Apache-2.0", creators=_AUTHOR)
