"""Everything that nox sessions and tests call: tools, engine, images, cluster, release."""
