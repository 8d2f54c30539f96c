"""A planted credential is recognised in whatever it is wrapped in."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.e2e.canaries import canary, found

ONE = canary("one")
OTHER = canary("other")


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
def test_it_is_found_inside_of_base64(before: str) -> None:
    text = base64.b64encode(f"{before}{ONE.secret}@host".encode()).decode()
    assert found([ONE, OTHER], {"text": f"data: {text}"}) == {("text", "one")}


@pytest.mark.parametrize(
    "text",
    [
        ONE.secret,
        json.dumps({"password": ONE.secret}),
        f"postgresql://user:{quote(ONE.secret, safe='')}@db/x",
        f"only {ONE.marker} of it",
    ],
)
def test_it_is_found_in_other_texts(text: str) -> None:
    assert found([ONE, OTHER], {"a": "nothing", "b": text}) == {("b", "one")}
