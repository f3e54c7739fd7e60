"""Files of a model folder as they should not be: cut off, changed, of other types, with parts missing or exchanged."""

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

STRANGE: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 1 << 31, 1 << 40, 10**400, 1.5, -0.5, 1e-300, 1e300, float("nan"), float("inf")),
    *("", "x", "7", "\u2581", "\ud800", "\0", "..", "../../etc/passwd", "/etc/passwd", "model.safetensors", "a" * 5000),
    *([], {}, [[]], [None], [1, 2, 3], [-1, 1 << 70], ["x", 5], [{}], {"x": 1}, {"type": "x"}, {"content": []}),
]


def damage(path: Path, random: Random) -> None:
    """Changes one JSON or safetensors file."""
    content = path.read_bytes()
    if random.random() < 0.15:
        path.write_bytes(torn(content, random))
    elif path.suffix == ".safetensors":
        length = int.from_bytes(content[:8], "little")
        header = dumped(rearranged(json.loads(content[8 : 8 + length]), random))
        path.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + length :])
    else:
        path.write_bytes(dumped(rearranged(json.loads(content), random)))


def torn(content: bytes, random: Random) -> bytes:
    """Cut off, or with other bytes somewhere; mostly near the beginning, where headers are."""
    at = random.randrange(len(content) if random.random() < 0.5 else min(500, len(content)))
    kind = random.randrange(4)
    if kind == 0:
        return content[:at]
    inserted = random.choice([b"", b"\0", b"\xff\xfe", b"[" * 100000, b"1" * 5000, b'"', b"}", random.randbytes(8)])
    return content[:at] + inserted + content[at + (kind - 1) * len(inserted) :]


def rearranged(value: Any, random: Random) -> Any:
    """With one place gone, doubled, exchanged with another, or holding something strange."""
    changed = deepcopy(value)
    holder, key = place(changed, random)
    if holder is None:
        return random.choice(STRANGE)
    action = random.random()
    if action < 0.2:
        del holder[key]
    elif action < 0.35:
        other, name = place(changed, random)
        holder[key] = deepcopy(other[name]) if other is not None else random.choice(STRANGE)
    elif action < 0.45 and isinstance(holder, list):
        holder.append(deepcopy(holder[key]))
    elif action < 0.45:
        holder[random.choice(["x", "type", str(key).upper(), ""])] = deepcopy(holder[key])
    else:
        holder[key] = deepcopy(random.choice(STRANGE))
    return changed


def place(value: Any, random: Random) -> tuple[Any, Any]:
    """A dictionary or list somewhere below, and one of its keys; nothing where there is none."""
    found: tuple[Any, Any] = (None, None)
    while isinstance(value, dict | list) and value:
        key = random.choice([*value]) if isinstance(value, dict) else random.randrange(len(value))
        found, value = (value, key), value[key]
        if random.random() < 0.3:
            break
    return found


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()
