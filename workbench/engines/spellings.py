"""The bytes that a Hugging Face tokenizer's tokens stand for."""

import json
import re
from functools import cached_property
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_BLANK = "\u2581"


class Spellings:
    """Tokens of byte-level tokenizers are spelled in letters that stand for bytes (Radford et al., 2019, GPT-2's
    bytes_to_unicode), those of others as they are, with a letter for blanks and names such as <0x0A> for bytes."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def name(self, token: int) -> bytes:
        """By which a token is told from others, special ones included."""
        spelled = self._tokenizer.convert_ids_to_tokens(token)
        if spelled is None or token in self._added:
            return str(spelled or "").encode()
        if self._byte_level:
            return bytes(_BYTES[letter] for letter in spelled if letter in _BYTES)
        if found := _BYTE.fullmatch(spelled):
            return bytes.fromhex(found.group(1))
        return str(spelled).replace(_BLANK, " ").encode()

    def piece(self, token: int) -> bytes:
        """That it adds to a text: none for a special token."""
        return b"" if token in self._special else self.name(token)

    @cached_property
    def _added(self) -> frozenset[int]:
        return frozenset(self._tokenizer.added_tokens_decoder)

    @cached_property
    def _special(self) -> frozenset[int]:
        added = self._tokenizer.added_tokens_decoder
        return frozenset(token for token, spelled in added.items() if spelled.special)

    @cached_property
    def _byte_level(self) -> bool:
        decoder = json.loads(self._tokenizer.backend_tokenizer.to_str()).get("decoder") or {}
        return any(part.get("type") == "ByteLevel" for part in decoder.get("decoders", [decoder]))


def _letters() -> dict[str, int]:
    """Printable bytes stand for themselves, the others for letters from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _letters()
