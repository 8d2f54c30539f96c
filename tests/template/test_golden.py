"""An install consists of what the golden files say, field by field."""

from __future__ import annotations

import copy

import pytest

from tools import golden


@pytest.mark.row("B7")
@pytest.mark.parametrize("install", golden.INSTALLS)
def test_an_install_is_what_is_written_down(install: str) -> None:
    told = "\n".join(golden.difference(golden.golden(install), golden.rendered(install)))
    assert not told, f"`nox -s golden -- --accept`, if users are to get this:\n{told}"


def test_a_difference_is_told_field_by_field() -> None:
    old = [copy.deepcopy(manifest) for manifest in golden.golden("defaults")]
    new = copy.deepcopy(old)
    api = next(m for m in new if (m["kind"], m["metadata"]["name"]) == ("Deployment", "api"))
    api["spec"]["template"]["spec"]["containers"][0]["image"] = "other:1"
    gone = new.pop(next(i for i, m in enumerate(new) if m["kind"] == "Ingress"))
    told = "\n".join(golden.difference(old, new))
    assert f"- Ingress/{gone['metadata']['name']}" in told
    assert "~ Deployment/api\n    spec.template.spec.containers[0].image: " in told
    assert "→ other:1" in told
