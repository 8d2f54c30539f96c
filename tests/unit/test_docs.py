"""The reference of values: everything in values.yaml, with its comment."""

from __future__ import annotations

import pytest

from tools import docs
from tools.docs import Value

TEXT = """
# About the file.

# A group.
group:
  # What it does,
  # over two lines:
  #   one  this
  #   two  that
  first: 5

  second: ""  # its own
  inner:
    deep: [a]  # a list
  flow: {cpu: 70, memory: null}
  empty: {}
# Not separated | by a blank line.
other: true
"""


def test_every_value_has_its_comment() -> None:
    assert list(docs.values(TEXT)) == [
        Value("group", None, "A group."),
        Value("group.first", "5", "What it does, over two lines:<br>one  this<br>two  that"),
        Value("group.second", '""', "its own"),
        Value("group.inner", None, ""),
        Value("group.inner.deep", '["a"]', "a list"),
        Value("group.flow", '{"cpu": 70, "memory": null}', ""),
        Value("group.empty", "{}", ""),
        Value("other", "true", "Not separated | by a blank line."),
    ]


def test_a_top_level_value_is_a_section() -> None:
    text = docs.reference(TEXT)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## group",
        "## other",
    ]
    assert "| `other` | `true` | Not separated \\| by a blank line. |" in text


def test_drift_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert docs.drift() is None
    monkeypatch.setattr(docs, "HEAD", "# Other\n")
    assert "run `nox -s docs`" in str(docs.drift())
