"""`nox -s smoke` in a context without a release ends with one sentence that says what to do."""

from __future__ import annotations

import json

import pytest

from tests.smoke.release import Release
from tests.unit.machine.programs import Programs

# Answers as kubectl does where the current context is `elsewhere`.
KUBECTL = """
import json
if argv[0] == "config":
    context = {{"name": "elsewhere", "context": {{"namespace": "shop"}}}}
    print(json.dumps({{"current-context": "elsewhere", "contexts": [context]}}))
else:
    print({items!r})
"""


def items(*names: str) -> str:
    """Return the databases of a namespace as kubectl shows them."""
    return json.dumps({"items": [{"metadata": {"name": name}} for name in names]})


@pytest.mark.parametrize("names", [(), ("db", "blue-db")], ids=["none", "two"])
def test_a_namespace_without_one_release_is_named(
    names: tuple[str, ...], programs: Programs
) -> None:
    programs.add("kubectl", KUBECTL.format(items=items(*names)))
    with pytest.raises(LookupError) as caught:
        Release.current()
    told = str(caught.value)
    assert f"Namespace shop of context elsewhere holds {len(names)} releases" in told
    assert "kubectl config set-context --current --namespace=NAME" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ("", "current-context must exist in order to minify"),
        ("get", "The connection to the server 127.0.0.1:6443 was refused"),
    ],
    ids=["no context", "no answer"],
)
def test_where_no_cluster_is_reached_the_reason_and_the_remedy_are_told(
    fails: str, why: str, programs: Programs
) -> None:
    body = f"if {fails!r} in argv or not {fails!r}: sys.exit('warning: first\\n' + {why!r})\n"
    programs.add("kubectl", body + KUBECTL.format(items=items()))
    with pytest.raises(LookupError) as caught:
        Release.current()
    told = str(caught.value)
    assert why in told
    assert "kubectl config use-context NAME" in told
    assert len(told.splitlines()) == 1


def test_one_release_is_found_with_its_prefix(programs: Programs) -> None:
    programs.add("kubectl", KUBECTL.format(items=items("blue-db")))
    assert Release.current() == Release("shop", "blue-")
