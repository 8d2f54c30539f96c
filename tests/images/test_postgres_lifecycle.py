"""What the chart relies on in an image of PostgreSQL when it starts badly or ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.images.conftest import NewServer
from tests.images.engine import LABEL, call, configuration, wait_until
from tests.images.server import PASSWORD, PGDATA, VOLUME, Server
from tools.engine import Engine

pytestmark = pytest.mark.row("S7")

# A fast shutdown ends within it even on a busy machine; a client here would stay for 600 s.
FAST_SECONDS = 20.0
SMART_SECONDS = 3.0
# What pg_isready says where nothing listens.
NOBODY = 2
ENDED_BY_SIGTERM = 143


@pytest.fixture
def server(new_server: NewServer) -> Server:
    """A server with a row that is committed, and a client that stays connected."""
    server = new_server(POSTGRES_PASSWORD=PASSWORD, POSTGRES_INITDB_ARGS="--data-checksums")
    server.start().ready().sql("create table kept as select 1 as number")
    server.detached("psql", "--username=postgres", "--command=select pg_sleep(600)")
    client = "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'"
    wait_until(lambda: server.sql(client) == "1", lambda: "the client to connect", 10)
    return server


def test_the_engines_stop_is_a_fast_shutdown_that_leaves_a_sound_cluster(
    engine: Engine, postgres_image: str, server: Server
) -> None:
    assert configuration(engine, postgres_image)["StopSignal"] == "SIGINT"
    engine.run("stop", f"--time={FAST_SECONDS:.0f}", server.container)
    assert server.exit_code == 0
    assert "received fast shutdown request" in server.log
    assert "database system is shut down" in server.log

    check = call(
        engine,
        *("run", "--rm", f"--label={LABEL}", "--network=none", "--user=999:999"),
        *(f"--volume={server.volume}:{VOLUME}:nocopy", postgres_image),
        *("pg_checksums", "--check", f"--pgdata={PGDATA}"),
    )
    assert check.code == 0, check
    assert server.start_again().ready().sql("select number from kept") == "1"
    assert "automatic recovery" not in server.log


def test_sigint_from_a_process_beside_it_ends_the_server_though_a_client_stays(
    server: Server,
) -> None:
    # As the chart's preStop hook does.
    assert server.run("sh", "-c", "kill -INT 1").code == 0
    assert server.ended(FAST_SECONDS) == 0


def test_sigterm_waits_for_the_client_which_is_why_the_chart_sends_sigint(server: Server) -> None:
    server.signal("TERM").logged("received smart shutdown request")
    with pytest.raises(AssertionError, match="waited"):
        server.ended(SMART_SECONDS)
    server.signal("INT")
    assert server.ended(FAST_SECONDS) == 0


def test_after_sigkill_the_next_start_recovers_what_was_committed(server: Server) -> None:
    server.signal("KILL").ended()
    assert server.start_again().ready().sql("select number from kept") == "1"
    assert "automatic recovery in progress" in server.log


@pytest.fixture
def alone(new_server: NewServer) -> Server:
    """A server that has its volume for itself, as in the chart, with a row that is committed."""
    server = new_server(POSTGRES_PASSWORD=PASSWORD).as_in_the_chart().start().ready()
    server.sql("create table kept as select 1 as number")
    return server


@pytest.fixture
def second(alone: Server) -> Iterator[Server]:
    """Another one on its volume, not started."""
    server = alone.beside()
    yield server
    server.remove()


def test_a_second_server_waits_until_the_first_has_ended(alone: Server, second: Server) -> None:
    second.start().logged("another server still has this volume; waiting")
    assert second.isready("--host=127.0.0.1") == NOBODY
    alone.signal("KILL").ended()
    assert second.ready().sql("select number from kept") == "1"


def test_a_server_that_waits_ends_when_it_is_told_to(alone: Server, second: Server) -> None:
    second.start().logged("waiting").signal("TERM")
    assert second.ended(FAST_SECONDS) == ENDED_BY_SIGTERM
    assert alone.sql("select number from kept") == "1"


def test_control_without_the_lock_two_servers_have_the_same_files(
    alone: Server, second: Server
) -> None:
    """PostgreSQL's own lock does not tell: both are process 1."""
    second.before = ()
    second.start().ready()
    assert alone.isready("--host=127.0.0.1") == 0


@pytest.mark.parametrize("interruption", ["a script that fails", "SIGKILL"])
def test_after_an_interrupted_first_start_the_next_one_makes_a_whole_cluster(
    new_server: NewServer, ours: bool, interruption: str
) -> None:
    server = new_server()
    server.script("1.sql", "create table half ();")
    if interruption == "SIGKILL":
        server.script("2.sh", "#!/bin/sh\necho halfway\nwhile :; do sleep 1; done\n")
        server.start().logged("halfway").signal("KILL").ended()
    else:
        server.script("2.sql", "select * from nowhere;")
        assert server.start().ended() != 0
        assert 'relation "nowhere" does not exist' in server.log
        if ours:
            assert server.replace().ended() != 0, "a half-made cluster was taken for a whole one"

    for script in server.initdb.iterdir():
        script.unlink()
    server.script("1.sql", "create table whole ();")
    tables = "select string_agg(tablename, ',') from pg_tables where schemaname = 'public'"
    # The official image takes what the interrupted start left for a finished cluster.
    expected = "whole" if ours else "half"
    assert server.replace().ready().sql(tables) == expected
    assert server.run("ls", f"{VOLUME}/17").output.split() == ["docker"]


@pytest.mark.parametrize(
    ("env", "complaint"),
    [
        ({"POSTGRES_PASSWORD": ""}, "POSTGRES_PASSWORD"),
        (
            {"POSTGRES_PASSWORD": "one", "POSTGRES_PASSWORD_FILE": "/etc/hostname"},
            "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set",
        ),
        ({"POSTGRES_PASSWORD_FILE": "/nowhere"}, "/nowhere: No such file or directory"),
    ],
)
def test_without_one_clear_password_nothing_is_made(
    new_server: NewServer, ours: bool, env: dict[str, str], complaint: str
) -> None:
    server = new_server(**env)
    assert server.start().ended() != 0
    assert complaint in server.log
    assert server.files() == ""
    if ours:
        assert len(server.log.splitlines()) == 1, f"not one sentence:\n{server.log}"


def test_a_folder_with_other_files_is_refused_and_left_as_it_was(
    engine: Engine, new_server: NewServer, postgres_image: str
) -> None:
    server = new_server()
    put = f"mkdir -p {PGDATA} && echo precious > {PGDATA}/.letter"
    engine.run(
        *("run", "--rm", f"--label={LABEL}", "--network=none", "--user=999:999"),
        *(f"--volume={server.volume}:{VOLUME}:nocopy", "--entrypoint=sh", postgres_image),
        *("-c", put),
    )
    before = server.files()
    assert ".letter" in before

    assert server.start().ended() != 0
    assert PGDATA in server.log
    assert server.files() == before
