"""Two renders of the same input are the same, to the byte."""

from __future__ import annotations

import re

import pytest

from tests.template.chart import CHART, values_of
from tools.lab.helm import Helm

# Functions of the template language whose result depends on the moment, on chance, or on a cluster.
IMPURE = {
    "ago",
    "bcrypt",
    "date",
    "encryptAES",
    "genCA",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSignedCert",
    "getHostByName",
    "htpasswd",
    "lookup",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "uuidv4",
}


@pytest.mark.row("B21")
@pytest.mark.parametrize("name", ["production", "extension-points"])
def test_two_renders_are_identical(helm: Helm, name: str) -> None:
    first, second = (helm.text(values=values_of(name)) for _ in range(2))
    assert len(first) > 10_000
    assert first == second


@pytest.mark.row("B21", "B1")
def test_no_template_depends_on_chance_or_cluster() -> None:
    templates = [p for p in (CHART / "templates").rglob("*") if p.is_file()]
    assert len(templates) > 30
    for template in templates:
        actions = re.findall(
            r"\{\{(?!- /\*).*?\}\}", template.read_text(encoding="utf-8"), re.DOTALL
        )
        used = set(re.findall(r"\w+", " ".join(actions))) & IMPURE
        assert not used, template.name
