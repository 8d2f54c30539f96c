"""From a commit to a release that anyone can verify: package, push, sign, attest, check.

git.py         what the commit says: its time, whether the tree is clean
package.py     the chart as a reproducible archive and OCI image layout
sbom.py        what the chart can run (SPDX)
provenance.py  from which commit and with what it was made (SLSA)
oras.py        the registry
cosign.py      signatures and attestations
gates.py       what must be true before anything is pushed
bump.py        whether the version says how much changed
publishing.py  the steps, in the order that leaves nothing unsigned behind
verification.py  what a user runs before an install
"""
