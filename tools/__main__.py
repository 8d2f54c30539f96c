"""`python -m tools COMMAND`: what the nox sessions call."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
from pathlib import Path
from types import FrameType

from tools import audit, cluster, docs, features, golden, lint, lock, proc, release, status, testbed
from tools import engine as engines
from tools.capacity import command as capacity
from tools.console import say
from tools.errors import ToolError
from tools.publish import bump, package, publishing, verification

GITHUB = "https://token.actions.githubusercontent.com"


def up(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Make or reuse the cluster, install or upgrade the release, show where it is."""
    values = arguments.values or [release.DEFAULT_VALUES]
    for path in values:
        if not path.is_file():
            raise ToolError(f"There is no values file {path}.")
    bed = testbed.ensure()
    release.install(bed.cluster, testbed.room(bed), values=values, flags=flags)
    status.show(bed.cluster)


def down(arguments: argparse.Namespace, flags: list[str]) -> None:
    """Delete the cluster that `up` made, and the engine it started, and nothing else."""
    del arguments, flags
    engine = engines.find()
    if engine is None:
        say("no container engine runs, so no cluster does")
        return
    if not cluster.delete(engine):
        say(f"there is no cluster {cluster.NAME!r}")
    engines.stop()


def main() -> int:
    """Parse the command line, run one command, and turn its errors into sentences."""
    parser = argparse.ArgumentParser(
        prog="python -m tools", description=__doc__, allow_abbrev=False
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    upper = commands.add_parser("up", help=up.__doc__, allow_abbrev=False)
    upper.add_argument(
        "-f", "--values", action="append", type=Path, help="values file (repeatable)"
    )
    upper.set_defaults(command=up)
    loader = commands.add_parser("load", help=capacity.main.__doc__, allow_abbrev=False)
    capacity.options(loader)
    loader.set_defaults(command=capacity.main)
    commands.add_parser("down", help=down.__doc__).set_defaults(command=down)
    commands.add_parser("lint", help=lint.main.__doc__).set_defaults(command=lint.main)
    commands.add_parser("docs", help=docs.main.__doc__).set_defaults(command=docs.main)
    commands.add_parser("features", help=features.main.__doc__).set_defaults(command=features.main)
    commands.add_parser("audit", help=audit.main.__doc__).set_defaults(command=audit.main)
    commands.add_parser("bump", help=bump.main.__doc__).set_defaults(command=bump.main)
    commands.add_parser("package", help=package.main.__doc__).set_defaults(command=package.main)
    publisher = commands.add_parser("publish", help=publishing.main.__doc__, allow_abbrev=False)
    publisher.add_argument("reference", metavar="oci://HOST/PATH")
    signers = publisher.add_mutually_exclusive_group()
    signers.add_argument("--sign-with", type=Path, help="private key (made by cosign)")
    signers.add_argument("--keyless", action="store_true", help="sign as who Sigstore says this is")
    publisher.add_argument("--dry-run", action="store_true", help="say what would be done, only")
    publisher.set_defaults(command=publishing.main)
    verifier = commands.add_parser("verify", help=verification.main.__doc__, allow_abbrev=False)
    verifier.add_argument("reference", metavar="oci://HOST/PATH/CHART:VERSION")
    verifier.set_defaults(command=verification.main)
    for truster in (publisher, verifier):
        truster.add_argument("--key", type=Path, help="public key that signatures must fit")
        truster.add_argument("--identity", default="", help="or the signer's identity (a regexp)")
        truster.add_argument("--issuer", default=GITHUB, help="... and who vouches for it")
        truster.add_argument("--ca-file", type=Path, help="the registry's authority (PEM)")
    goldens = commands.add_parser("golden", help=golden.main.__doc__)
    goldens.add_argument("--accept", action="store_true", help="write the golden files anew")
    goldens.set_defaults(command=golden.main)
    locker = commands.add_parser("lock", help=lock.main.__doc__)
    locker.add_argument("name", nargs="?", help="tool to pin (all when absent)")
    locker.set_defaults(command=lock.main)
    arguments, flags = parser.parse_known_args()
    if flags and arguments.command not in (up, capacity.main):
        parser.error(f"unknown arguments: {' '.join(flags)}")
    # SIGINT too: a shell that starts a job in the background lets it ignore that one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        arguments.command(arguments, flags)
    except ToolError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"\nerror: {proc.disk_full()}\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: run the same command again to go on from here", file=sys.stderr)
        return 130
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    proc.end_all()
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
