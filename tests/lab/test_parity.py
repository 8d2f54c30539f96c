"""The resident renderer prints what `helm template` prints, to the byte."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab.subject import RELEASE, subject
from tools.lab.engine import RenderError, Request, engine
from tools.lab.fuzz import Fuzzer
from tools.lab.program import Program
from tools.lab.resident import Resident
from tools.lab.sampler import changed

SEED = 7


def requests(fuzzer: Fuzzer, generated: int) -> list[Request]:
    """Return the chart's own sets of values and so many generated ones."""
    own = [Request.of(values, release=RELEASE) for values in subject().bases.values()]
    own += [
        Request.of(
            subject().bases["production"],
            release=RELEASE,
            namespace="elsewhere",
            kube_version="1.27",
            api_versions=("monitoring.coreos.com/v1",),
            upgrade=upgrade,
        )
        for upgrade in (False, True)
    ]
    choice = random.Random(SEED)
    names = sorted(subject().bases)
    return own + [
        Request.of(
            changed(subject().bases[choice.choice(names)], fuzzer.sampler.changes(8)),
            release=RELEASE,
            kube_version=choice.choice(["1.25", "1.30", "1.37"]),
        )
        for _ in range(generated)
    ]


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_text_and_refusals_are_equal(fuzzer: Fuzzer, full: bool, program: str) -> None:
    resident, started = engine(program), Program(program)
    assert isinstance(resident, Resident)
    wanted = requests(fuzzer, 500 if full and program == "helm" else 40)
    here, there = resident.load(subject().chart), started.load(subject().chart)

    def command_line(request: Request) -> str:
        try:
            return started.text(there, request)
        except RenderError as error:
            return str(error)

    refused = 0
    with ThreadPoolExecutor(2) as pool:
        for request, expected in zip(wanted, pool.map(command_line, wanted), strict=True):
            try:
                text = resident.text(here, request)
            except RenderError as error:
                text = str(error)
                refused += 1
            assert text == expected
    print(f"{len(wanted)} renders equal, {refused} of them refusals")
    assert refused < len(wanted) / 2


def test_objects_numbers_and_notes_are_equal() -> None:
    resident, started = engine(), Program("helm")
    here, there = resident.load(subject().chart), started.load(subject().chart)
    for values in subject().bases.values():
        request = Request.of(values, release=RELEASE)
        ours, theirs = resident.render(here, request), started.render(there, request)
        assert ours.manifests == theirs.manifests
        assert ours.documents == theirs.documents
        assert resident.notes(here, request) == started.notes(there, request)
