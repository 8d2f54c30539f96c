"""Known vulnerabilities of packages, in the format of https://ossf.github.io/osv-schema.

OSV is asked where it can be reached. For Go there is the Go project's own database as a module
beside it, pinned in versions.toml: as of its date, and without a network once it is cached.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from packaging.version import InvalidVersion, Version

from tools import golang
from tools.audit.inventory import GO, Package
from tools.console import say
from tools.versions import module

OSV = "https://api.osv.dev"
SECONDS = 20
BATCH = 500
DATABASE = "vulndb"


@dataclass(frozen=True)
class Advisory:
    """A vulnerability of a package; `fixed` is the version without it ("" where there is none)."""

    package: Package
    id: str
    fixed: str
    summary: str


def find(packages: Sequence[Package], url: str = OSV) -> tuple[list[Advisory], list[str]]:
    """Return what is known against packages, and ecosystems that nobody could be asked about."""
    try:
        return list(_asked(packages, url)), []
    except requests.RequestException:
        own = [package for package in packages if package.ecosystem == GO]
        version = module(DATABASE).version
        say(f"{url} cannot be reached: Go is looked up in the database of {version[7:15]}")
        others = sorted({package.ecosystem for package in packages} - {GO})
        return list(_looked_up(own)), others


def _asked(packages: Sequence[Package], url: str) -> Iterator[Advisory]:
    """Yield what OSV answers (https://google.github.io/osv.dev/post-v1-querybatch)."""
    details: dict[str, dict[str, Any]] = {}
    for start in range(0, len(packages), BATCH):
        batch = packages[start : start + BATCH]
        queries = [
            {
                "package": {"ecosystem": each.ecosystem, "name": each.name},
                "version": each.version.removeprefix("v"),
            }
            for each in batch
        ]
        answers = _json("POST", f"{url}/v1/querybatch", {"queries": queries})["results"]
        for package, answer in zip(batch, answers, strict=True):
            for hit in answer.get("vulns", []):
                if hit["id"] not in details:
                    details[hit["id"]] = _json("GET", f"{url}/v1/vulns/{hit['id']}")
                yield _advisory(package, details[hit["id"]])


def _json(method: str, url: str, content: object = None) -> Any:
    answer = requests.request(method, url, json=content, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def _looked_up(packages: Sequence[Package]) -> Iterator[Advisory]:
    """Yield what the Go project's database says."""
    wanted: dict[str, list[Package]] = defaultdict(list)
    for package in packages:
        wanted[package.name].append(package)
    folder = golang.source(module(DATABASE)) / "data" / "osv"
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        for affected in entry.get("affected", []):
            for package in wanted.get(affected["package"]["name"], []):
                if "withdrawn" not in entry and _is_affected(package.version, affected):
                    yield _advisory(package, entry)


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Tell whether a version is in a range; an event's version is the first that it holds for."""
    at = _version(version)
    inside = False
    for span in affected.get("ranges", []):
        events = [
            (_version(value), kind) for event in span["events"] for kind, value in event.items()
        ]
        state = [kind for bound, kind in sorted(events) if bound <= at]
        inside = inside or bool(state and state[-1] == "introduced")
    return inside


def _version(text: str) -> Version:
    """Return a Go version in an order that packaging knows: a pseudo-version by base and time."""
    if text == "0":  # in OSV: before all others
        return Version("0.dev0")
    base, _, rest = text.removeprefix("v").removesuffix("+incompatible").partition("-")
    stamp = next((part for part in rest.replace(".", "-").split("-") if len(part) == 14), "")
    try:
        return Version(f"{base}.dev{stamp}" if stamp else f"{base}{rest.replace('-', '.')}")
    except InvalidVersion:
        return Version(base)


def _advisory(package: Package, entry: Mapping[str, Any]) -> Advisory:
    """Return an entry as it concerns a package."""
    fixed = [
        event["fixed"]
        for affected in entry.get("affected", [])
        if affected.get("package", {}).get("name") == package.name
        for span in affected.get("ranges", [])
        for event in span["events"]
        if "fixed" in event and span["type"] != "GIT"
    ]
    known = next((name for name in entry.get("aliases", []) if name.startswith("CVE-")), "")
    summary = entry.get("summary") or entry.get("details", "").partition("\n")[0]
    return Advisory(package, known or entry["id"], ", ".join(dict.fromkeys(fixed)), summary)
