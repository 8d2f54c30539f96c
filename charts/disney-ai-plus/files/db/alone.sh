#!/bin/sh
# Runs a command once nobody else has the volume, and keeps others away until the last process of it has
# ended: `alone.sh COMMAND...`. Nothing is written.
#
# PostgreSQL's own lock is a process id in a file and a piece of shared memory. To a server in another
# container neither means anything, and Kubernetes starts one beside the old one when its pod is deleted by
# force: two servers on the same files damage them.
set -eu

# Process 1 takes no signal that it does not handle.
trap 'exit 143' INT TERM

if ! command -v flock > /dev/null; then
  echo "alone: the image has no flock (util-linux or busybox), so nothing would keep a second server off the volume. Set db.image to one that has it." >&2
  exit 1
fi

# The folder is open, and with it the lock is held, in every process that comes of the command.
exec 9< "${PGDATA%/*/*}"
told=
until why=$(flock -n 9 2>&1); do
  if [ -n "$why" ]; then
    echo "alone: the volume cannot be locked ($why), so nothing keeps a second server off it. Never delete the pod by force." >&2
    break
  fi
  [ -n "$told" ] || echo "alone: another server still has this volume; waiting until it has ended." >&2
  told=yes
  sleep 1
done

trap - INT TERM
exec "$@"
