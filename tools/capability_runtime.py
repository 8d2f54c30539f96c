"""An OCI runtime that asks runc only for capabilities this machine can give.

Docker 20.10 gives privileged containers every capability that the kernel
knows. In a sandbox whose bounding set lacks one, runc then refuses with
"unable to apply caps: operation not permitted". This file, made executable
and registered as dockerd's default runtime, drops the missing names from the
bundle (`create`, `run`) or from the process file (`exec`) and becomes runc.

It runs alone, outside the package: standard library only.
"""

import json
import os
import sys

RUNC = "runc"

# Bit order of include/uapi/linux/capability.h.
NAMES = (  # noqa: SIM905 (a list is 41 lines)
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO "
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG "
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()


def missing(status: str) -> set[str]:
    """Return the capabilities absent from the bounding set in a /proc/PID/status text."""
    line = next(line for line in status.splitlines() if line.startswith("CapBnd:"))
    bits = int(line.split()[1], 16)
    return {f"CAP_{name}" for bit, name in enumerate(NAMES) if not bits >> bit & 1}


def without(process: dict[str, object], names: set[str]) -> None:
    """Remove capabilities from an OCI process object, in place."""
    sets = process.get("capabilities")
    if isinstance(sets, dict):
        for key, value in sets.items():
            sets[key] = [name for name in value if name not in names]


def value_of(arguments: list[str], *flags: str) -> str | None:
    """Return the value of the first of `flags` among arguments (`--f v` or `--f=v`)."""
    for index, argument in enumerate(arguments):
        flag, separator, value = argument.partition("=")
        if flag in flags:
            return value if separator else arguments[index + 1]
    return None


def main(arguments: list[str]) -> None:
    """Edit the file that the call names, if any, and exec runc."""
    bundle = value_of(arguments, "--bundle", "-b")
    process = value_of(arguments, "--process", "-p")
    path = f"{bundle}/config.json" if bundle else process
    if path and ({"create", "run", "exec"} & set(arguments)):
        with open("/proc/self/status") as status:
            names = missing(status.read())
        with open(path) as file:
            document = json.load(file)
        without(document["process"] if bundle else document, names)
        with open(path, "w") as file:
            json.dump(document, file)
    os.execvp(RUNC, [RUNC, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
