"""How many users a release serves, what each request costs, and what stops it: `nox -s load`."""
