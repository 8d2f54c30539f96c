"""Pick host ports on 127.0.0.1: the wished one if it is free, else the next that is."""

from __future__ import annotations

import socket

from tools.errors import ToolError

ADDRESS = "127.0.0.1"
TRIES = 200


def free(wished: int) -> int:
    """Return the first free TCP port at or after `wished`.

    Raises:
        ToolError: none of the next 200 ports is free.
    """
    for port in range(wished, wished + TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    raise ToolError(
        f"No free port between {wished} and {wished + TRIES - 1} on {ADDRESS}: stop what uses them."
    )
