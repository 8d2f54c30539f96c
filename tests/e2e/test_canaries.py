"""Credentials show nowhere but in Secrets, whatever is done with a release and goes wrong in it.

Each credential holds a random word. The release works, refuses logins, backs up, tests itself and
fails to migrate; then all that can be read of it is searched for the words, in all their forms.
The control is a word that is no credential and lies in the open: the same search finds it there.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from tests.e2e.canaries import Canary, canary, found, private_key
from tests.e2e.database import job
from tests.e2e.everything import everything
from tests.smoke.release import HTTP_SECONDS, Release
from tools import release as releases
from tools import testbed
from tools.errors import ToolError
from tools.lab.helm import merge
from tools.testbed import TestBed

VALUES = {
    "backup": {"enabled": True},
    "db": {"tls": {"enabled": True, "secretName": testbed.DATABASE_SECRET}},
    # The migration that must fail should do so soon.
    "migrations": {"deadlineSeconds": 60, "backoffLimit": 0},
}
ATTEMPTS = [None, "Basic dXNlcjpwYXNz", "Bearer nonsense"]


def log_in(release: Release) -> dict[str, str]:
    """Try to write with all sorts of tokens; return the answers, which a stranger sees."""
    claims = {"sub": "canary", "exp": int(time.time()) + 60}
    forged = f"Bearer {jwt.encode(claims, 'not the secret, but as long as one', 'HS256')}"
    good = f"Bearer {release.token()}"
    story = {"title": "A canary", "body": "sings", "author": "e2e"}
    answers = {}
    with release.forward("deployment/api", 3001) as base:
        for authorization in (*ATTEMPTS, forged, good):
            headers = {"Authorization": authorization} if authorization else {}
            answer = requests.post(
                f"{base}/v1/stories", json=story, headers=headers, timeout=HTTP_SECONDS
            )
            assert answer.status_code == (201 if authorization == good else 401), answer.text
            answers[f"answer to {authorization}"] = f"{answer.headers}\n{answer.text}"
        headers = {"Authorization": good, "Content-Type": "application/json"}
        broken = requests.post(
            f"{base}/v1/stories", data="{", headers=headers, timeout=HTTP_SECONDS
        )
        assert broken.status_code == 400
    return {**answers, "answer to half an object": broken.text}


def keys(release: Release) -> list[Canary]:
    """Return the private keys that the test bed gave to the release."""
    names = (testbed.DATABASE_SECRET, testbed.EDGE_SECRET, testbed.DATABASE_AUTHORITY)
    return [private_key(name, release.secret(name, "tls.key")) for name in names]


def in_the_open(decoy: Canary) -> dict[str, Any]:
    """Return values that put a word where no credential belongs."""
    planted = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "planted"},
        "data": {"url": f"postgresql://disney_app:{decoy.marker}@db"},
    }
    return {"api": {"extraEnv": {"PLANTED": decoy.secret}}, "extraObjects": [planted]}


@pytest.mark.row("S13", "S15")
@pytest.mark.usefixtures("tools_on_path")
def test_credentials_show_nowhere(bed: TestBed, namespace: str, tmp_path: Path) -> None:
    password, wrong = canary("database password"), canary("wrong database password")
    token, anonymous = canary("JWT secret"), canary("anonymous key", special="")
    decoy = canary("decoy")
    inline = {
        "databasePassword": password.secret,
        "jwtSecret": token.secret,
        "supabaseAnonKey": anonymous.secret,
    }
    room = testbed.room(bed, namespace, f"{namespace}.localhost")
    overlay = merge(room, {**VALUES, **in_the_open(decoy), "secrets": {"inline": inline}})
    release = Release(namespace, "")

    def install(values: dict[str, Any]) -> None:
        releases.install(bed.cluster, merge(overlay, values), namespace=namespace, name=namespace)

    install({})
    texts = log_in(release)
    texts["log of a backup"] = job(release, "canary", "backup")
    texts["helm test"] = releases.check(namespace=namespace, name=namespace)
    with pytest.raises(ToolError) as failure:
        install({"secrets": {"inline": {"databasePassword": wrong.secret}}})
    texts["message of the failed upgrade"] = str(failure.value)
    assert "password authentication failed" in texts["message of the failed upgrade"]
    texts |= everything(bed.cluster, release, namespace, tmp_path)

    canaries = [password, wrong, token, anonymous, *keys(release)]
    assert texts.keys() >= {
        "ConfigMap",
        "Pod",
        "Event",
        "helm get notes",
        "metrics of deployment/api",
    }
    assert "password authentication failed" in "".join(texts.values())
    assert found(canaries, texts) == set()
    shown = {place for place, _ in found([decoy], texts)}
    assert shown >= {"Pod", "Deployment", "ConfigMap", "helm get manifest"}
    assert any(place.startswith("report: ") for place in shown)
