"""What the generator of `nox -s load` says of a server, and of itself, is so: here it runs.

The users of tests/load/users.js have a timetable. On a server that is too slow for it they fall
behind, and on a generator that stands still, too; neither may look fast because fewer requests are
sent meanwhile. The server is a few lines here, so that nothing else takes time.
"""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools import certificates, load, load_results
from tools.capacity.bars import LAG_MS, SENT
from tools.capacity.trial import SCRIPT, Plan
from tools.load_results import DUE, Results, percentile
from tools.poll import until

HOST = "slow.localhost"
PLAN = Plan(users=5, think=0.2, ramp=1, hold=6)
STORIES = range(1, 101)


class Site(BaseHTTPRequestHandler):
    """A release's answers, each after the server's `pause` in seconds.

    Unless it is `well`, its pages say that they are not whole, and its lists are empty.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a page or a call that reads."""
        number = re.search(r"/stories/(\d+)$", self.path)
        well = self.server.well  # type: ignore[attr-defined]
        if self.path.startswith("/v1/stories/"):
            assert number is not None
            self.answer(json.dumps({"id": int(number[1])}))
        elif self.path.startswith("/v1/stories"):
            # The users' setup says how many it wants, and is to find them.
            stories = [{"id": story} for story in STORIES] if well or "?" in self.path else []
            self.answer(json.dumps({"stories": stories}))
        else:
            text = f'<p data-story-id="{number[1] if number else 1}">'
            self.answer(text, cache_control="no-cache" if well else "no-store")

    def do_POST(self) -> None:
        """Answer a call that writes."""
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode(), 201)

    def answer(self, text: str, status: int = 200, cache_control: str = "no-store") -> None:
        """Send an answer, late."""
        time.sleep(self.server.pause)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Cache-Control", cache_control)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
        del arguments


@contextmanager
def serving(folder: Path, pause: float, *, well: bool) -> Iterator[dict[str, str]]:
    """Serve a site; yield how k6 finds it."""
    issued = certificates.issue([HOST])
    for name, text in (("ca", issued.authority), ("crt", issued.certificate), ("key", issued.key)):
        (folder / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.pause, server.well = pause, well  # type: ignore[attr-defined]
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield load.way_in(HOST, f"127.0.0.1:{server.server_port}", folder / "ca", "any")
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def sent(tmp_path: Path) -> Callable[..., tuple[Results, Results]]:
    """Send users to a site; return their requests, timed from when due and from when sent."""

    def send(
        pause: float, stall: float = 0.0, hold: int = PLAN.hold, *, well: bool = True
    ) -> tuple[Results, Results]:
        samples, plan = tmp_path / "samples.csv", replace(PLAN, hold=hold)
        with (
            serving(tmp_path, pause, well=well) as way_in,
            load.running(SCRIPT, {**way_in, **plan.environment}, samples) as running,
        ):
            if stall:
                stand_still(running, samples, stall)
            running.wait(60)
        return load_results.read(samples, DUE), load_results.read(samples)

    return send


def stand_still(running: load.Load, samples: Path, seconds: float) -> None:
    """Stop the generator for a while, once it is busy."""

    def busy() -> bool:
        return samples.exists() and samples.read_text().count("\nlatency,") > 10

    until(busy, seconds=30, what="the generator to send")
    os.kill(running.pid, signal.SIGSTOP)
    time.sleep(seconds)  # it is this time that is measured
    os.kill(running.pid, signal.SIGCONT)


def lag(results: Results) -> float:
    return percentile([value for _, value in results.lags], 99)


@pytest.mark.row("S19")
def test_a_fast_server_looks_fast(sent: Callable[..., tuple[Results, Results]]) -> None:
    due, _ = sent(pause=0.0)
    wanted = PLAN.users * (PLAN.hold + PLAN.ramp) / PLAN.think
    assert due.failures == []
    assert len(due.requests) >= 0.9 * wanted
    assert due.percentile(95) < 100
    # Each user has one connection, and so has the setup.
    assert len(due.connections) == PLAN.users + 1
    names = [request.name for request in due.requests]
    assert names.count("write") >= 0.05 * len(names)
    assert {"page", "story page", "list", "story", "write"} == set(names)


@pytest.mark.row("S19")
def test_wrong_answers_are_errors_with_the_right_status(
    sent: Callable[..., tuple[Results, Results]],
) -> None:
    due, _ = sent(pause=0.0, hold=2, well=False)
    asked = Counter(request.name for request in due.requests)
    wrong = Counter(failure.name for failure in due.failures)
    # A page's head says that it is not whole. What else is wrong shows in what is read.
    assert (wrong["page"], wrong["story page"]) == (asked["page"], asked["story page"])
    assert 0 < wrong["list"] < asked["list"]
    assert wrong.keys() == {"page", "story page", "list"}


@pytest.mark.row("S19")
def test_a_server_that_is_too_slow_for_the_timetable_gets_slower_and_slower(
    sent: Callable[..., tuple[Results, Results]],
) -> None:
    due, answered = sent(pause=0.3)
    assert answered.percentile(95) < 600
    assert due.percentile(95) > 1000
    # The server is to blame, not the generator.
    assert lag(due) < LAG_MS
    held = due.between(min(time for time, _ in due.lags), max(time for time, _ in due.lags))
    assert len(held.requests) < SENT * PLAN.users * PLAN.hold / PLAN.think


@pytest.mark.row("S19")
def test_a_generator_that_stands_still_does_not_flatter_the_server(
    sent: Callable[..., tuple[Results, Results]],
) -> None:
    due, answered = sent(pause=0.0, stall=2.0)
    assert answered.percentile(95) < 100
    assert due.percentile(99) > 1000
    assert lag(due) > LAG_MS
