"""Credentials that the user encrypted are unsealed by the real controller."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import pytest

from tools import cluster, golang, images, release, testbed
from tools.proc import run
from tools.testbed import TestBed
from tools.versions import module

MANIFEST = Path(__file__).parent / "manifests" / "sealed-secrets.yaml"
NAMESPACE = "sealed-secrets"


@pytest.fixture
def certificate(bed: TestBed, tmp_path: Path) -> Iterator[Path]:
    """The controller's public certificate, with the controller running."""
    image = images.program(bed.cluster.engine, "sealed-secrets", "sealed-secrets", "controller")
    cluster.load(bed.cluster, [image])
    manifest = Template(MANIFEST.read_text(encoding="utf-8")).substitute(image=image.reference)
    bed.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    try:
        bed.cluster.kubectl(
            *("rollout", "status", "deployment/sealed-secrets", "-n", NAMESPACE, "--timeout=90s")
        )
        label = "sealedsecrets.bitnami.com/sealed-secrets-key=active"
        (key,) = bed.cluster.get("secrets", "-n", NAMESPACE, "-l", label)["items"]
        path = tmp_path / "certificate.pem"
        path.write_bytes(base64.b64decode(key["data"]["tls.crt"]))
        yield path
    finally:
        bed.cluster.kubectl("delete", "--wait=false", "-f", "-", stdin=manifest)


def seal(certificate: Path, namespace: str, name: str, value: str) -> str:
    """Encrypt one value as the chart's documentation says."""
    kubeseal = golang.build(module("sealed-secrets")) / "kubeseal"
    return run(
        [
            *(kubeseal, "--raw", "--from-file=/dev/stdin", "--cert", certificate),
            *("--namespace", namespace, "--name", name),
        ],
        stdin=value,
    ).strip()


@pytest.mark.row("B1", "S13")
def test_a_release_runs_on_sealed_credentials(
    bed: TestBed, namespace: str, certificate: Path
) -> None:
    values: dict[str, Any] = testbed.room(bed, namespace, f"{namespace}.localhost")
    inline = values["secrets"].pop("inline")
    password = inline["databasePassword"]
    credentials = f"disney_app:{quote(password, safe='')}"
    plain = {
        "api": {
            "DATABASE_URL": f"postgresql://{credentials}@db:5432/disney_app",
            "JWT_SECRET": inline["jwtSecret"],
            "SUPABASE_ANON_KEY": inline["supabaseAnonKey"],
        },
        "web": {"NEXT_PUBLIC_SUPABASE_ANON_KEY": inline["supabaseAnonKey"]},
        "db": {"POSTGRES_PASSWORD": password},
    }
    values["secrets"] = {"mode": "sealed"} | {
        name: {"sealed": {k: seal(certificate, namespace, name, v) for k, v in data.items()}}
        for name, data in plain.items()
    }
    assert password not in json.dumps(values)
    release.install(bed.cluster, values, namespace=namespace)
    for name, data in plain.items():
        secret = bed.cluster.get("secret", name, "-n", namespace)
        assert secret["metadata"]["ownerReferences"][0]["kind"] == "SealedSecret"
        found = {k: base64.b64decode(v).decode() for k, v in secret["data"].items()}
        assert found == data
