"""tests/PROOF.md: what `make prove` measured last, each figure with its date and machine."""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

PAGE = Path(__file__).with_name("PROOF.md")
_HEAD = """\
# What was measured last

Written by `make prove`. A figure stays until the test that measures it runs again; what is not in the table was not
measured.

| figure | measured | goal | date | machine |
|---|---|---|---|---|
"""
_ROW = re.compile(r"\| (.+?) \| (.*?) \| (.*?) \| (\d{4}-\d\d-\d\d) \| (.*?) \|")


@dataclass(frozen=True)
class Figure:
    """`goal` is empty for a figure that is only reported."""

    measured: str
    goal: str
    date: str
    machine: str


def figure(measured: str, goal: str = "") -> Figure:
    """As measured here and today."""
    return Figure(measured, goal, datetime.now(UTC).date().isoformat(), machine())


def machine() -> str:
    """Cores, processor, Python and torch: what figures depend on most."""
    cores = f"{psutil.cpu_count(logical=False) or 1} cores"
    return f"{cores}, {_processor()}, Python {platform.python_version()}, torch {version('torch')}"


def read_page(page: Path = PAGE) -> dict[str, Figure]:
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    return {row[1]: Figure(*row.group(2, 3, 4, 5)) for row in _ROW.finditer(text)}


def write_page(measured: Mapping[str, Figure], page: Path = PAGE) -> None:
    """Puts the figures in the place of those of the same name, in the order of names."""
    rows = sorted((read_page(page) | dict(measured)).items())
    lines = (f"| {name} | {one.measured} | {one.goal} | {one.date} | {one.machine} |\n" for name, one in rows)
    page.write_text(_HEAD + "".join(lines), encoding="utf-8")


def _processor() -> str:
    """Linux tells the model's name in a file, other systems through platform."""
    facts = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", facts.read_text(encoding="utf-8")) if facts.is_file() else []
    return names[0] if names else platform.processor() or platform.machine()
