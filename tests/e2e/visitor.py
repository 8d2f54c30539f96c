"""Users who keep asking, through the edge: for stories, for a page of them, and to write one."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import jwt
import requests

from tests.smoke.release import Edge, Release

INTERVAL_SECONDS = 0.5
# One good answer may be luck: of two pods one may be gone.
STEADY_SECONDS = 4
EMPTY = "200 without stories"
GOOD: Mapping[str, set[str]] = {"read": {"200"}, "write": {"201"}, "page": {"200"}}


@dataclass(frozen=True)
class Visit:
    """What became of one request: a status, or the name of an error."""

    time: float
    wish: str
    outcome: str


@dataclass
class Visitor:
    """The visits so far; `key` signs the writers' tokens, times are seconds since the epoch."""

    edge: Edge
    key: str
    visits: list[Visit] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def read(self, session: requests.Session) -> str:
        """Ask the API for stories."""
        return str(session.get(self.edge.url("/v1/stories")).status_code)

    def write(self, session: requests.Session) -> str:
        """Write a story that fills the better part of a page on the disk."""
        token = jwt.encode({"sub": "visitor", "exp": int(time.time()) + 60}, self.key)
        story = {"title": "a visit", "body": secrets.token_hex(3000)}
        headers = {"Authorization": f"Bearer {token}"}
        url = self.edge.url("/v1/stories")
        return str(session.post(url, json=story, headers=headers).status_code)

    def page(self, session: requests.Session) -> str:
        """Ask for the page, which comes without stories where the API has none."""
        answer = session.get(self.edge.url("/"))
        there = answer.status_code != 200 or "data-story-id" in answer.text
        return str(answer.status_code) if there else EMPTY

    def come(self, wish: str, ask: Callable[[requests.Session], str]) -> None:
        """Ask again and again, on new connections, until `gone`."""
        while not self.gone.wait(INTERVAL_SECONDS):
            began = time.time()
            with self.edge.session() as session:
                try:
                    outcome = ask(session)
                except requests.RequestException as error:
                    outcome = type(error).__name__
            self.visits.append(Visit(began, wish, outcome))

    def outcomes(self, wish: str, begin: float, end: float) -> set[str]:
        """Return what came of requests that began between two moments."""
        visits = [visit for visit in list(self.visits) if begin <= visit.time <= end]
        return {visit.outcome for visit in visits if visit.wish == wish}

    def served(self, since: float, wishes: Mapping[str, set[str]] = GOOD) -> float | None:
        """Return since when all these wishes have had one of the outcomes given, and no other."""
        begun = [self._served(wish, outcomes, since) for wish, outcomes in wishes.items()]
        return None if None in begun else max(filter(None, begun))

    def _served(self, wish: str, outcomes: set[str], since: float) -> float | None:
        visits = [visit for visit in list(self.visits) if visit.wish == wish]
        visits = [visit for visit in visits if visit.time >= since]
        failed = [place for place, visit in enumerate(visits) if visit.outcome not in outcomes]
        good = visits[failed[-1] + 1 :] if failed else visits
        steady = good and good[-1].time - good[0].time >= STEADY_SECONDS
        return good[0].time if steady else None


@contextmanager
def visiting(there: Release, edge: Edge) -> Iterator[Visitor]:
    """Yield visitors who come until the block ends."""
    visitor = Visitor(edge, there.secret("api", "JWT_SECRET"))
    wishes = {"read": visitor.read, "write": visitor.write, "page": visitor.page}
    threads = [
        threading.Thread(target=visitor.come, args=wish, daemon=True) for wish in wishes.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield visitor
    finally:
        visitor.gone.set()
        for thread in threads:
            thread.join()
