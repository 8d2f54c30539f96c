"""Put load on something with k6 while a block of code runs.

What is asked for, and how often, is the script's: any script of k6 will do. k6 writes every request
to a file of samples, which `tools.load_results` reads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tools import toolchain
from tools.console import Step, step
from tools.errors import ToolError
from tools.proc import TAIL_LINES

# k6's own exit code for a test that was ended by a signal.
ENDED_BY_SIGNAL = 105
# How long k6 may take to write what it still holds, once it is told to end.
END_SECONDS = 30
OPTIONS = ("--no-color", "--no-usage-report", "--summary-mode=disabled", "--address=")
ENVIRONMENT = {
    "K6_CSV_TIME_FORMAT": "unix_micro",
    # The load goes where the script says, also on a machine that reaches the outside by a proxy.
    "NO_PROXY": "*",
}


def way_in(host: str, address: str, authority: str | Path = "", token: str = "") -> dict[str, str]:
    """Return the environment by which the scripts in tests/load find an edge.

    `host` is asked for and `address` (ADDRESS:PORT) connected to; `authority` is the file of
    certificates to trust, k6's own if empty; `token` lets a script write.
    """
    return {
        "EDGE_HOST": host,
        "EDGE_ADDRESS": address,
        "SSL_CERT_FILE": str(authority),
        "TOKEN": token,
    }


class Load:
    """A script that k6 runs."""

    def __init__(
        self, script: Path, environment: Mapping[str, str], samples: Path, progress: Step
    ) -> None:
        """Start k6; `progress` shows how far it is."""
        self.script = script
        k6 = str(toolchain.tool("k6"))
        self._last: deque[str] = deque(maxlen=TAIL_LINES)
        self._process = subprocess.Popen(
            [k6, "run", *OPTIONS, f"--out=csv={samples}", str(script)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **ENVIRONMENT, **environment},
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, args=[progress], daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return k6's process id."""
        return self._process.pid

    @property
    def over(self) -> bool:
        """Tell whether k6 has ended."""
        return self._process.poll() is not None

    def check(self) -> None:
        """Make sure that the load is still on.

        Raises:
            ToolError: k6 has ended, by itself or by a failure.
        """
        if self.over:
            self._succeeded(0)
            raise ToolError(
                f"The load of {self.script.name} was over before what it was for. "
                "Give the script more time."
            )

    def wait(self, seconds: float) -> None:
        """Wait until the script is over.

        Raises:
            ToolError: it fails, or is not over within `seconds`.
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ToolError(
                f"k6 was not done with {self.script.name} within {seconds:.0f} s."
            ) from None
        self._succeeded(0)

    def stop(self) -> None:
        """End the load, if it is not over; requests under way are not counted.

        Raises:
            ToolError: k6 failed, or does not end.
        """
        self._signal(signal.SIGINT)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise ToolError(f"k6 did not end within {END_SECONDS} s of being told to.") from None
        self._succeeded(0, ENDED_BY_SIGNAL)

    def kill(self) -> None:
        """End k6 at once."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if not self.over:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _succeeded(self, *codes: int) -> None:
        self._reader.join(END_SECONDS)
        code = self._process.returncode
        if code not in codes:
            said = "\n".join(self._last)
            raise ToolError(f"k6 failed with exit code {code} in {self.script.name}:\n{said}")

    def _read(self, progress: Step) -> None:
        """Show k6's progress, and keep the last lines of what else it says."""
        assert self._process.stdout is not None
        for line in map(str.strip, self._process.stdout):
            if line.startswith("running ("):
                progress.detail = line
            elif line:
                self._last.append(line)


@contextmanager
def running(script: Path, environment: Mapping[str, str], samples: Path) -> Iterator[Load]:
    """Put load on something while the block runs, and end it with the block.

    `environment` is what the script reads from `__ENV`; credentials belong there. `samples` is the
    file that k6 writes, compressed if its name ends in `.gz`.

    Raises:
        ToolError: there is no such script, or k6 cannot be built or fails.
    """
    if not script.is_file():
        raise ToolError(f"There is no load script {script}.")
    samples.parent.mkdir(parents=True, exist_ok=True)
    samples.unlink(missing_ok=True)
    with step(f"load of {script.name}") as progress:
        load = Load(script, environment, samples, progress)
        try:
            yield load
            load.stop()
        finally:
            load.kill()
