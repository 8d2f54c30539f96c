"""What is locked is found, and what is known against it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tools import golang
from tools.audit import advisories, inventory, licences
from tools.audit.inventory import Package
from tools.paths import REPOSITORY

FLAW = {
    "id": "GHSA-1",
    "aliases": ["CVE-2026-1"],
    "summary": "It breaks",
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "next"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Speaks OSV's interface, and knows one flaw."""

    asked: ClassVar[list[object]] = []

    def do_POST(self) -> None:  # noqa: D102
        length = int(self.headers["Content-Length"])
        queries = json.loads(self.rfile.read(length))["queries"]
        self.asked.extend(queries)
        hits = [
            {"vulns": [{"id": "GHSA-1"}]} if it["package"]["name"] == "next" else {}
            for it in queries
        ]
        self._answer({"results": hits})

    def do_GET(self) -> None:  # noqa: D102
        assert self.path == "/v1/vulns/GHSA-1"
        self._answer(FLAW)

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def osv() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Osv)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_osv_is_asked_about_every_package(osv: str) -> None:
    packages = [Package("npm", "next", "1.0.0"), Package("Go", "example.org/x", "v1.2.3")]
    found, unasked = advisories.find(packages, osv)
    assert unasked == []
    assert [(it.package.name, it.id, it.fixed, it.summary) for it in found] == [
        ("next", "CVE-2026-1", "2.0.0", "It breaks")
    ]
    assert {"package": {"ecosystem": "Go", "name": "example.org/x"}, "version": "1.2.3"} in (
        Osv.asked
    )


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Go project's database with one entry, instead of the real one."""
    entry = {
        "id": "GO-1",
        "affected": [
            {
                "package": {"ecosystem": "Go", "name": "example.org/x"},
                "ranges": [
                    {
                        "type": "SEMVER",
                        "events": [
                            {"introduced": "0"},
                            {"fixed": "1.2.0"},
                            {"introduced": "1.3.0"},
                            {"fixed": "1.3.4"},
                        ],
                    }
                ],
            }
        ],
    }
    folder = tmp_path / "data" / "osv"
    folder.mkdir(parents=True)
    (folder / "GO-1.json").write_text(json.dumps(entry))
    withdrawn = {**entry, "id": "GO-2", "withdrawn": "2026-01-01T00:00:00Z"}
    (folder / "GO-2.json").write_text(json.dumps(withdrawn))
    monkeypatch.setattr(golang, "source", lambda _module: tmp_path)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("v1.1.9", True),
        ("v1.2.0", False),
        ("v1.2.9", False),
        ("v1.3.0", True),
        ("v1.3.3", True),
        ("v1.3.4", False),
        ("v1.3.4+incompatible", False),
        ("v0.0.0-20260101000000-abcdefabcdef", True),
        ("v1.3.4-rc.1", True),
    ],
)
@pytest.mark.usefixtures("database")
def test_without_osv_go_has_its_own_database(version: str, affected: bool) -> None:
    packages = [Package("Go", "example.org/x", version), Package("PyPI", "y", "1")]
    found, unasked = advisories.find(packages, "http://127.0.0.1:9")
    assert [it.id for it in found] == (["GO-1"] if affected else [])
    assert unasked == ["PyPI"]


def test_every_package_of_the_python_lock_is_found() -> None:
    lock = REPOSITORY / "requirements.lock"
    found = list(inventory.python(lock))
    assert len(found) == sum("==" in line for line in lock.read_text().splitlines())
    assert Package("PyPI", "pytest", "") in [Package(*_named(it)) for it in found]


def _named(package: Package) -> tuple[str, str, str]:
    return package.ecosystem, package.name, ""


def test_every_package_of_an_npm_lock_is_found() -> None:
    found = list(inventory.node(REPOSITORY / "images" / "web" / "package-lock.json"))
    assert {"next", "react"} <= {it.name for it in found}
    assert "@disney-ai-plus/service" not in {it.name for it in found}
    assert all(it.licence for it in found)


@pytest.mark.parametrize(
    ("package", "licence"),
    [
        (Package("PyPI", "pytest", "0"), "MIT"),
        (Package("npm", "next", "0", "MIT"), "MIT"),
        (Package("npm", "x", "0"), licences.UNKNOWN),
        (Package("PyPI", "no-such-package", "0"), licences.ABSENT),
    ],
)
def test_a_licence_is_what_the_package_says(package: Package, licence: str) -> None:
    assert licences.of(package) == licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache License\n  Version 2.0", "Apache-2.0"),
        ("Permission is hereby granted,\nfree of charge", "MIT"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE", "AGPL-3.0"),
        ("All rights reserved.", licences.UNKNOWN),
    ],
)
def test_a_go_modules_licence_is_known_by_its_text(
    text: str, licence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "example.org" / "!x@v1"
    folder.mkdir(parents=True)
    (folder / "LICENSE.md").write_text(text)
    monkeypatch.setattr(licences, "_modules", lambda: tmp_path)
    assert licences.of(Package("Go", "example.org/X", "v1")) == licence
    assert licences.of(Package("Go", "example.org/X", "v2")) == licences.ABSENT
