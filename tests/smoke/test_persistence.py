"""A row that the API acknowledged outlives the database's pod."""

from __future__ import annotations

import uuid

import pytest
import requests

from tests.smoke.release import HTTP_SECONDS, Release
from tools.poll import until

BACK_SECONDS = 120


@pytest.mark.row("S7", "B5")
def test_a_row_survives_deleting_the_database_pod(release: Release) -> None:
    title = f"smoke {uuid.uuid4()}"
    api = f"deployment/{release.prefix}api"
    with release.forward(api, 3001) as base:
        answer = requests.post(
            f"{base}/v1/stories",
            json={"title": title, "body": "Written before the database's pod was deleted."},
            headers={"Authorization": f"Bearer {release.token()}"},
            timeout=HTTP_SECONDS,
        )
    assert answer.status_code == 201, answer.text
    location = answer.headers["Location"]

    old = release.pods("db")[0]["metadata"]["uid"]
    pod = f"{release.prefix}db-0"
    release.kubectl("delete", "pod", pod)
    release.kubectl(
        "rollout", "status", f"statefulset/{release.prefix}db", f"--timeout={BACK_SECONDS}s"
    )
    assert release.pods("db")[0]["metadata"]["uid"] != old

    with release.forward(api, 3001) as base:

        def found() -> requests.Response | None:
            answer = requests.get(f"{base}{location}", timeout=HTTP_SECONDS)
            return answer if answer.status_code == 200 else None

        answer = until(found, seconds=BACK_SECONDS, what="the API to reach the database again")
    assert answer.json()["title"] == title
