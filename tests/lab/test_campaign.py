"""The harness itself: a mistake that a test notices is killed, one that none notices survives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.lab.mutation import Campaign, candidates, stillborn
from tools.lab.operators import Mutant
from tools.paths import REPOSITORY
from tools.proc import run

FILES = {
    "chart/Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\n",
    "chart/values.yaml": "name: a\nport: 80\n",
    "chart/templates/config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.name }}
data:
  port: {{ .Values.port | quote }}
  noticed: "yes"
  overlooked: "yes"
""",
    "pytest.ini": "[pytest]\naddopts = -p tools.lab.plugin --import-mode=importlib\n",
    "tests/test_tiny.py": """\
from pathlib import Path

import pytest

from tools.lab.helm import Helm
from tools.lab.plugin import watched


@pytest.fixture(scope="session")
def helm(pytestconfig):
    return watched(pytestconfig, Helm(Path("chart")))


def test_it_is_noticed(helm):
    data = helm.render(values={}).one("ConfigMap", "a")["data"]
    assert data["noticed"] == "yes"
    assert data["port"] == "80"


def test_the_file_is_read():
    assert "name: a" in Path("chart/values.yaml").read_text()
""",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a chart and two tests, after a recorded run of them."""
    folder = tmp_path_factory.mktemp("tiny")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    run(["git", "init", "--quiet"], cwd=folder)
    subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "tests", "--template-record=record.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    return folder


def test_verdicts(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    chart = tiny / "chart"
    chosen = [m for m in candidates(chart) if not stillborn(chart, m)]
    campaign = Campaign(tiny, chart, ["tests"], tiny / "record.json")
    verdicts = {str(v.mutant): v for v in campaign.run(chosen)}
    assert len(verdicts) == len(chosen)
    alive = {text for text, verdict in verdicts.items() if verdict.killer is None}
    assert alive == {text for text in verdicts if "overlooked" in text}
    assert alive
    of_values = [v for v in verdicts.values() if v.mutant.before == "name: a"]
    assert of_values
    assert all(v.killer for v in of_values)
    # What the mutants did, they did to copies.
    assert all((tiny / name).read_text("utf-8") == text for name, text in FILES.items())


def test_what_is_no_template_does_not_count(tiny: Path) -> None:
    text = FILES["chart/templates/config.yaml"]
    broken = Mutant("x", "templates/config.yaml", 0, 1, "", "", text.replace("}}", "}", 1))
    fine = Mutant("x", "templates/config.yaml", 0, 1, "", "", text.replace("yes", "no"))
    assert stillborn(tiny / "chart", broken)
    assert not stillborn(tiny / "chart", fine)
