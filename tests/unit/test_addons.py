"""The definitions of other projects' resources come out of their modules, once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools import addons, golang
from tools.versions import Module, with_crds


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Modules that hold the files they should; returns the names of those that were fetched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fetched: list[str] = []

    def source(module: Module) -> Path:
        fetched.append(module.name)
        folder = tmp_path / module.name
        for path in module.crds:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(f"# {path}\n")
        return folder

    monkeypatch.setattr(golang, "source", source)
    return fetched


def test_every_definition_is_there(modules: list[str]) -> None:
    wanted = [f"# {path}\n" for module in with_crds() for path in module.crds]
    assert [path.read_text() for path in addons.crds()] == wanted
    assert modules


def test_a_module_is_fetched_once(modules: list[str]) -> None:
    addons.crds()
    first = list(modules)
    assert addons.crds()
    assert modules == first


@pytest.mark.parametrize("name", ["traefik", "metrics-server"])
def test_what_others_wait_for_asks_for_cpu(name: str) -> None:
    """Without a request a pod gets what is left, which under load is next to nothing."""
    manifests = yaml.safe_load_all((addons.MANIFESTS / f"{name}.yaml").read_text())
    (spec,) = (found["spec"] for found in manifests if found["kind"] == "Deployment")
    for container in spec["template"]["spec"]["containers"]:
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
