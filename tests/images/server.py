"""A PostgreSQL container that runs as the chart runs it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.images.engine import LABEL, RESTRICTED, Outcome, call, wait_until
from tools.engine import Engine
from tools.paths import REPOSITORY

CHART_FILES = REPOSITORY / "charts" / "disney-ai-plus" / "files" / "db"
VOLUME = "/var/lib/postgresql"
PGDATA = f"{VOLUME}/17/docker"
USER = 999
PASSWORD = "only-for-tests"
START_SECONDS = 60.0


@dataclass
class Server:
    """One container on one volume; `replace` puts a new container on the same volume."""

    engine: Engine
    image: str
    volume: str
    initdb: Path
    arguments: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, Path] = field(default_factory=dict)
    network: str = "none"
    # What starts the image's entry point, if anything does.
    before: tuple[str, ...] = ()
    container: str = ""

    def start(self) -> Server:
        """Make the container and start it, without waiting."""
        variables = {"PGDATA": PGDATA, "INITIALISING": f"{VOLUME}/initialising", **self.env}
        mounts = {"/docker-entrypoint-initdb.d": self.initdb, **self.mounts}
        self.container = self.engine.run(
            *("run", "--detach", f"--label={LABEL}", f"--user={USER}:{USER}", *RESTRICTED),
            *(f"--network={self.network}", f"--volume={self.volume}:{VOLUME}:nocopy"),
            *("--shm-size=64m", "--tmpfs=/tmp:mode=1777"),
            f"--tmpfs=/var/run/postgresql:mode=1777,uid={USER},gid={USER}",
            *(f"--env={name}={value}" for name, value in variables.items()),
            *(f"--volume={path}:{target}:ro" for target, path in mounts.items()),
            *((f"--entrypoint={self.before[0]}",) if self.before else ()),
            *(self.image, *self.before[1:], "postgres", *self.arguments),
        ).strip()
        return self

    def start_again(self) -> Server:
        """Start the stopped container, as a kubelet does within a pod."""
        self.engine.run("start", self.container)
        return self

    def replace(self) -> Server:
        """Put a new container on the same volume, as a new pod is."""
        self.remove()
        return self.start()

    def beside(self) -> Server:
        """Return another server on the same volume, not started."""
        return replace(self, container="")

    def remove(self) -> None:
        """Remove the container, if there is one, and the volumes that only it has."""
        if self.container:
            self.engine.run("rm", "--force", "--volumes", self.container)
            self.container = ""

    def ready(self) -> Server:
        """Wait until the server answers over TCP, as the chart's probes ask.

        Raises:
            AssertionError: it ended, or did not answer in time; the message has its log.
        """

        def answers() -> bool:
            assert self.running, f"the container ended with {self.exit_code}:\n{self.log}"
            return self.isready("--host=127.0.0.1") == 0

        wait_until(answers, lambda: f"the server to answer:\n{self.log}", START_SECONDS)
        return self

    def logged(self, text: str) -> Server:
        """Wait until the log has a text."""
        wait_until(
            lambda: text in self.log, lambda: f"{text!r} in the log:\n{self.log}", START_SECONDS
        )
        return self

    def ended(self, seconds: float = START_SECONDS) -> int:
        """Wait until the container has ended, and return its exit code."""
        wait_until(lambda: not self.running, lambda: f"the end:\n{self.log}", seconds)
        return self.exit_code

    def signal(self, name: str) -> Server:
        """Send a signal to process 1."""
        self.engine.run("kill", f"--signal={name}", self.container)
        return self

    @property
    def running(self) -> bool:
        """Tell whether process 1 lives."""
        return self._state("Running") == "true"

    @property
    def exit_code(self) -> int:
        """Return the exit code of process 1."""
        return int(self._state("ExitCode"))

    @property
    def log(self) -> str:
        """Return everything the container printed, over all its starts."""
        done = call(self.engine, "logs", self.container)
        return done.output + done.errors

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run a program in the container."""
        words = [f"--env={name}={value}" for name, value in (env or {}).items()]
        return call(self.engine, "exec", *words, self.container, *command)

    def detached(self, *command: str) -> None:
        """Start a program in the container and leave it running."""
        self.engine.run("exec", "--detach", self.container, *command)

    def isready(self, *options: str) -> int:
        """Return the exit code of pg_isready: 0 answers, 1 refuses, 2 nothing there."""
        return self.run("pg_isready", "--timeout=3", "--quiet", *options).code

    def connect(self, sql: str, *, user: str, database: str, host: str, password: str) -> Outcome:
        """Run SQL as someone from somewhere; an empty `host` is the socket."""
        return self.run(
            *("psql", "--no-psqlrc", "--no-password", "--tuples-only", "--no-align"),
            *("--set=ON_ERROR_STOP=1", f"--username={user}", f"--dbname={database}"),
            *([f"--host={host}"] if host else []),
            f"--command={sql}",
            env={"PGPASSWORD": password} if password else {},
        )

    def sql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the superuser over the socket and return the answer."""
        done = self.connect(
            sql, user="postgres", database=database, host="", password=self.password
        )
        assert done.code == 0, f"{sql}: {done}\n{self.log}"
        return done.output.strip()

    @property
    def password(self) -> str:
        """Return the superuser's password."""
        return self.env.get("POSTGRES_PASSWORD", PASSWORD)

    def files(self) -> str:
        """Return checksums of the volume's files."""
        done = call(
            self.engine,
            *("run", "--rm", f"--label={LABEL}", "--network=none", f"--user={USER}:{USER}"),
            *(f"--volume={self.volume}:{VOLUME}:nocopy", "--entrypoint=sh", self.image, "-c"),
            f"find {VOLUME} -type f -exec sha256sum {{}} + | sort -k 2",
        )
        assert done.code == 0, done
        return done.output

    def script(self, name: str, content: str, *, executable: bool = True) -> Server:
        """Put a script into the folder of the first start."""
        target = self.initdb / name
        target.write_text(content)
        target.chmod(0o555 if executable else 0o444)
        return self

    def as_in_the_chart(self) -> Server:
        """Use the chart's own first script, access rules and lock of the volume."""
        self.script("initdb.sh", (CHART_FILES / "initdb.sh").read_text())
        access = self.initdb.parent / "access"
        access.mkdir()
        shutil.copy(CHART_FILES / "pg_hba.conf", access)
        access.chmod(0o755)
        self.mounts["/etc/postgresql"] = access
        self.arguments += ("--hba_file=/etc/postgresql/pg_hba.conf",)
        self.mounts["/etc/guard/alone.sh"] = CHART_FILES / "alone.sh"
        self.before = ("sh", "/etc/guard/alone.sh", "docker-entrypoint.sh")
        return self

    @property
    def address(self) -> str:
        """Return the address in the container's network; loopback has rules of its own."""
        found = json.loads(self.engine.run("inspect", self.container))[0]["NetworkSettings"]
        return str(found["Networks"][self.network]["IPAddress"])

    def _state(self, name: str) -> str:
        state = json.loads(self.engine.run("inspect", "--format={{json .State}}", self.container))
        return str(state[name]).lower()
