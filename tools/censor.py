"""Secrets kept out of what people read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus


def censor(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every given secret, in any of its forms, blotted out."""
    found = {form for secret in secrets if secret for form in forms(secret)}
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, "[secret]")
    return text


def forms(secret: str) -> set[str]:
    """Return a secret raw, as JSON (also Go's, which escapes more), in a URL, and in base64."""
    plain = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    go = {form.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&"}) for form in plain}
    urls = {quote(secret, safe=""), quote_plus(secret)}
    return {secret, base64.b64encode(secret.encode()).decode()} | plain | go | urls
