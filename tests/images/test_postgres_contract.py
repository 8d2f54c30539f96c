"""What the chart relies on in an image of PostgreSQL while it serves, official or ours."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from tests.images.conftest import NewServer, servers
from tests.images.server import PGDATA, VOLUME, Server
from tools.engine import Engine

pytestmark = pytest.mark.row("S7")

# Everything that a shell, a URL, SQL or a configuration file could take for its own.
PECULIAR = "a:b/c@d#e%20f'g\"h$HOME\\i `j` {k}&l;m"
TCP = "127.0.0.1"


@pytest.fixture(scope="module")
def server(
    engine: Engine, postgres_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the chart's script and access rules, for tests that only look."""
    with servers(engine, postgres_image, tmp_path_factory.mktemp("server")) as make:
        arguments = ("--max_connections=33", f"--cluster_name={PECULIAR}")
        env = {"POSTGRES_PASSWORD": PECULIAR, "POSTGRES_INITDB_ARGS": "--data-checksums"}
        yield make(*arguments, **env).as_in_the_chart().start().ready()


@pytest.fixture(scope="module")
def plain(
    engine: Engine, postgres_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the image's own access rules, and other settings than the chart's."""
    folder = tmp_path_factory.mktemp("plain")
    secret = folder / "secret"
    secret.write_text(f"{PECULIAR}\n")
    arguments = folder / "arguments"
    arguments.write_text("--encoding=LATIN1 --locale=C\n")
    for file in (secret, arguments):
        file.chmod(0o444)
    with servers(engine, postgres_image, folder) as make:
        env = {
            "POSTGRES_PASSWORD_FILE": "/run/secret",
            "POSTGRES_INITDB_ARGS_FILE": "/run/arguments",
            "POSTGRES_DB": "Stories of '1928'",
            "PGPORT": "6000",
        }
        made = make(**env)
        made.mounts |= {"/run/secret": secret, "/run/arguments": arguments}
        made.network = "bridge"
        made.script("where.sql", "create table here ();")
        yield made.start().ready()


def test_a_cluster_is_made_without_root_on_a_read_only_root(server: Server) -> None:
    assert server.sql("show data_directory") == PGDATA
    assert server.run("id", "-u").output.strip() == "999"
    assert server.run("touch", "/etc/written").code != 0


def test_process_1_is_postgres(server: Server) -> None:
    assert server.run("cat", "/proc/1/comm").output.strip() == "postgres"


def test_the_arguments_of_initdb_take_effect(server: Server, plain: Server) -> None:
    assert server.sql("show data_checksums") == "on"
    assert plain.sql("show data_checksums") == "off"
    assert plain.sql("show server_encoding") == "LATIN1"


def test_the_arguments_of_the_server_are_its_settings(server: Server) -> None:
    assert server.sql("show max_connections") == "33"
    assert server.sql("show hba_file") == "/etc/postgresql/pg_hba.conf"
    assert server.sql("show cluster_name") == PECULIAR


def test_the_server_listens_on_all_addresses(server: Server) -> None:
    assert server.sql("show listen_addresses") == "*"
    assert server.isready("--host=127.0.0.2") == 0


def test_the_port_is_the_variables(plain: Server) -> None:
    assert plain.sql("show port") == "6000"
    assert plain.isready(f"--host={TCP}", "--port=6000") == 0
    assert plain.isready(f"--host={TCP}", "--port=5432") == 2


@pytest.mark.parametrize(
    "program",
    ["psql", "pg_isready", "pg_dump", "pg_restore", "pg_ctl", "pg_amcheck", "pg_checksums"],
)
def test_the_programs_that_people_use_are_on_the_path(server: Server, program: str) -> None:
    answer = server.run(program, "--version")
    assert answer.code == 0, answer
    assert "PostgreSQL) 17." in answer.output


def test_a_database_is_dumped_restored_and_checked(server: Server) -> None:
    server.sql("create database copied")
    server.sql("create table kept as select generate_series(1, 1000) as number", "disney_app")
    for command in (
        "pg_dump --username=postgres --format=custom --file=/tmp/dump disney_app",
        "pg_restore --username=postgres --exit-on-error --dbname=copied /tmp/dump",
        "pg_amcheck --username=postgres --install-missing --all --heapallindexed",
    ):
        done = server.run(*command.split())
        assert done.code == 0, f"{command}: {done}"
    assert server.sql("select sum(number) from kept", "copied") == "500500"


def test_queries_run_in_parallel_compiled_or_not_and_in_any_time_zone(server: Server) -> None:
    sql = (
        "set debug_parallel_query = on; set jit = on; set jit_above_cost = 0;"
        "select sum(i) from generate_series(1, 1000) i;"
        "select timestamptz '2026-07-01 00:00Z' at time zone 'Europe/Paris'"
    )
    assert server.sql(sql).splitlines()[-2:] == ["500500", "2026-07-01 02:00:00"]


def test_the_charts_script_makes_roles_with_the_least_rights(server: Server) -> None:
    rights = "select rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolpassword is null"
    assert server.sql(f"{rights} from pg_authid where rolname = 'disney_app'") == "f|f|f|t|f"
    assert server.sql(f"{rights} from pg_authid where rolname = 'disney_exporter'") == "f|f|f|t|t"
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'disney_app'"
    assert server.sql(owner) == "disney_app"


@pytest.mark.parametrize("role", ["disney_app", "disney_exporter", "postgres"])
def test_the_charts_rules_let_its_roles_in_over_the_socket(server: Server, role: str) -> None:
    answer = server.connect(
        "select current_user", user=role, database="disney_app", host="", password=""
    )
    assert answer.output.strip() == role, answer


def test_the_exporter_may_read_statistics_and_no_stories(server: Server) -> None:
    server.sql("set role disney_app; create table secret_stories (title text)", "disney_app")

    def ask(sql: str) -> int:
        return server.connect(
            sql, user="disney_exporter", database="disney_app", host="", password=""
        ).code

    assert ask("select count(*) from pg_stat_activity where query is not null") == 0
    assert ask("select * from secret_stories") != 0


@pytest.mark.parametrize(
    ("role", "database", "password", "answer"),
    [
        ("disney_app", "disney_app", PECULIAR, "disney_app"),
        ("disney_app", "disney_app", "wrong", "password authentication failed"),
        ("disney_app", "disney_app", "", "no password supplied"),
        ("disney_app", "postgres", PECULIAR, "pg_hba.conf rejects connection"),
        ("disney_exporter", "disney_app", PECULIAR, "pg_hba.conf rejects connection"),
        ("postgres", "postgres", PECULIAR, "pg_hba.conf rejects connection"),
    ],
)
def test_the_charts_rules_let_only_the_application_in_over_the_network(
    server: Server, role: str, database: str, password: str, answer: str
) -> None:
    done = server.connect(
        "select current_user", user=role, database=database, host=TCP, password=password
    )
    assert answer in done.output + done.errors, done
    assert (done.code == 0) == (answer == "disney_app")


@pytest.mark.parametrize(
    ("password", "answer"),
    [
        (PECULIAR, "postgres"),
        ("wrong", "password authentication failed"),
        ("", "no password supplied"),
    ],
)
def test_without_the_charts_rules_the_password_of_the_file_is_needed_over_the_network(
    plain: Server, password: str, answer: str
) -> None:
    done = plain.connect(
        "select current_user",
        user="postgres",
        database="postgres",
        host=plain.address,
        password=password,
    )
    assert answer in done.output + done.errors, done
    assert (done.code == 0) == (password == PECULIAR), done


def test_the_named_database_is_made_and_scripts_run_in_it(plain: Server) -> None:
    assert plain.sql("select to_regclass('here')", "Stories of '1928'") == "here"
    assert plain.sql("select to_regclass('here') is null") == "t"


def test_the_password_is_in_no_log(server: Server, plain: Server) -> None:
    for log in (server.log, plain.log):
        assert PECULIAR not in log


def test_scripts_run_once_in_order_each_as_its_kind(new_server: NewServer) -> None:
    def say(step: str) -> str:
        return f"insert into steps values (default, '{step}');"  # noqa: S608 (the words below)

    server = new_server()
    table = "create table steps (id serial, step text);"
    server.script("10.sql", table + say("10"), executable=False)
    (server.initdb / "20.sql.gz").write_bytes(gzip.compress(say("20").encode()))
    psql = 'psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --command='
    server.script("30.sh", f'#!/bin/sh\nexport OWN=30\n{psql}"{say("30")}"\n')
    server.script("40.sh", "export SHARED=40\n", executable=False)
    server.script("50.sh", f'#!/bin/sh\n{psql}"{say("50 ${OWN:-} $SHARED")}"\n')
    server.script("60.txt", "not a script")
    server.start().ready()

    steps = "select string_agg(step, ',' order by id) from steps"
    assert server.sql(steps) == "10,20,30,50  40"

    server.signal("INT").ended()
    assert server.start_again().ready().sql(steps) == "10,20,30,50  40"
    assert server.replace().ready().sql(steps) == "10,20,30,50  40"


def test_nobody_gets_in_over_the_network_before_the_scripts_are_done(
    new_server: NewServer,
) -> None:
    server = new_server()
    server.script(
        "wait.sh",
        "#!/bin/sh\necho waiting\nuntil [ -e /var/lib/postgresql/go ]; do sleep 0.05; done\n",
    )
    server.start().logged("waiting")
    assert server.isready() == 0
    assert server.isready(f"--host={TCP}") == 2
    server.run("touch", f"{VOLUME}/go")
    server.ready()
