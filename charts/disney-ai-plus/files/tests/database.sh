# Asks the database whether it takes connections, for half a minute: a new pod's network policies may
# take effect a moment after it has started.
for _ in $(seq 10); do
  pg_isready --timeout=2 && exit 0
  sleep 1
done
exit 1
