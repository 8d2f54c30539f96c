"""Credentials that can be recognised wherever they turn up, and the search for them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tools.censor import forms

# Means something in URLs, shells, YAML, JSON and SQL.
SPECIAL = ":/@#%&'\"$ \\"


@dataclass(frozen=True)
class Canary:
    """A credential, and the part of it that nothing escapes: letters and digits."""

    name: str
    secret: str
    marker: str

    @cached_property
    def traces(self) -> set[str]:
        """The texts that give it away: whole in any form, its marker, and that inside of base64."""
        return {self.marker, *forms(self.secret), *_inside_base64(self.marker)}


def canary(name: str, special: str = SPECIAL) -> Canary:
    """Return a new credential; `special` are characters that must be escaped somewhere."""
    marker = f"canary{secrets.token_hex(16)}"
    return Canary(name, marker + special, marker)


def private_key(name: str, pem: str) -> Canary:
    """Return a private key as a credential: a line of it is enough to recognise it."""
    return Canary(name, pem, pem.splitlines()[1])


def found(canaries: Iterable[Canary], texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return where which credential shows, as (name of the text, name of the credential)."""
    return {
        (place, each.name)
        for each in canaries
        for place, text in texts.items()
        if any(trace in text for trace in each.traces)
    }


def _inside_base64(text: str) -> Iterator[str]:
    """Yield what all base64 of longer texts with this one in it has in common.

    Three bytes make four characters, so it depends on how many bytes come before. The characters
    at both ends are shared with what surrounds the text, and left out.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
        whole = (before + len(text)) // 3 * 4
        yield encoded[4 if before else 0 : whole]
