"""The kind node image for machines where no registry answers, built from source.

What goes in, and why, is told in `images/node/README.md`.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import debian, golang, toolchain
from tools.cache import digest, entry
from tools.console import step
from tools.engine import Engine
from tools.errors import ToolError
from tools.images import CERTIFICATES
from tools.paths import REPOSITORY
from tools.poll import until
from tools.proc import run, succeeds
from tools.versions import module, table

SOURCE = REPOSITORY / "images" / "node"
REPOSITORY_NAME = "disney-ai-plus/node"
PART_NAME = "disney-ai-plus/node-part"
CONTAINERD_SECONDS = 60

# Images of one static program: its name, and where its users look for it.
PROGRAMS = {
    "kube-apiserver": "usr/local/bin/kube-apiserver",
    "kube-controller-manager": "usr/local/bin/kube-controller-manager",
    "kube-scheduler": "usr/local/bin/kube-scheduler",
    "etcd": "usr/local/bin/etcd",
    "coredns": "coredns",
    "pause": "pause",
    "metrics-server": "metrics-server",
    "traefik": "traefik",
    "local-path-provisioner": "usr/local/bin/local-path-provisioner",
}
NETWORK_PROGRAMS = ("kube-proxy", "kube-router")
ENTRYPOINTS = ("coredns", "pause", "metrics-server", "traefik")
NODE_PROGRAMS = ("kubeadm", "kubelet", "kubectl")
BUILDS = (
    "kubernetes",
    "kubectl",
    "etcd",
    "coredns",
    "kube-router",
    "local-path-provisioner",
    "metrics-server",
    "traefik",
)


def reference() -> str:
    """Return the image's name; its tag is the digest of everything that goes in."""
    kind = module("kind")
    parts = [repr(module(name)) for name in (*BUILDS, "kind")]
    key = digest(SOURCE, Path(__file__), parts, table()["addons"], table()["images"])
    return f"{REPOSITORY_NAME}:{kind.version}-{key}"


def ensure(engine: Engine) -> str:
    """Return the node image's name, with the image in the engine: there, loaded or built.

    Raises:
        ToolError: the build fails, or this machine cannot make a root filesystem.
    """
    name = reference()
    if engine.has_image(name):
        return name

    def make(folder: Path) -> None:
        _build(engine, name)
        with step("saving the node image to the cache"):
            engine.run("save", "--output", folder / "image.tar", name)

    archive = entry("node-image", name.rsplit(":", 1)[-1], make) / "image.tar"
    if not engine.has_image(name):
        with step("loading the node image from the cache"):
            engine.run("load", "--input", archive)
    return name


def _build(engine: Engine, name: str) -> None:
    """Build the image: filesystem, kind's files, Kubernetes, preloaded images."""
    toolchain.prepare(BUILDS)
    with tempfile.TemporaryDirectory(prefix="disney-ai-plus-node-") as scratch:
        base = f"{name}-base"
        try:
            with step("building the node image's filesystem"):
                _base(engine, Path(scratch), base)
            with step("preloading the node image"):
                _preload(engine, Path(scratch), base, name)
        finally:
            if engine.has_image(base):
                engine.run("rmi", "--no-prune", base)


def _base(engine: Engine, scratch: Path, base: str) -> None:
    """Build the image without preloaded images."""
    context = scratch / "context"
    (context / "bin").mkdir(parents=True)
    for file in ("Dockerfile", "setup.sh"):
        shutil.copy(SOURCE / file, context)
    shutil.copytree(SOURCE / "files", context / "files")
    shutil.copytree(golang.source(module("kind")) / "images/base/files", context / "kind")
    for path in sorted((context / "kind").rglob("*")):
        path.chmod(0o755)  # modules in Go's cache are read-only and carry no modes
    (context / "files/kind/pause-image").write_text(_kubeadm_images()["pause"])
    (context / "version").write_text(module("kubernetes").version)
    for program in NODE_PROGRAMS:
        shutil.copy(_program(program), context / "bin")
    archive = debian.root_filesystem(
        SOURCE / "packages.txt", table()["images"]["node-suite"], variant="minbase"
    )
    shutil.copy(archive, context)
    engine.build(context, base)


def _preload(engine: Engine, scratch: Path, base: str, name: str) -> None:
    """Import the cluster's images into the base's containerd and commit the result."""
    parts = {**_program_images(engine, scratch), **_network_images(engine, scratch)}
    archive = scratch / "parts.tar"
    try:
        engine.run("save", "--output", archive, *parts.values())
    finally:
        engine.run("rmi", *parts.values())
    container = engine.run(
        "run", "--detach", "--privileged", "--entrypoint=sleep", base, "infinity"
    ).strip()
    try:
        with _containerd(engine, container):
            _import(engine, container, archive, parts)
        engine.run(
            "commit",
            '--change=ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
            container,
            name,
        )
    finally:
        engine.run("rm", "--force", "--volumes", container)


def _program_images(engine: Engine, scratch: Path) -> dict[str, str]:
    """Make one image a static program; return local names by the program's."""
    parts = {}
    for program, path in PROGRAMS.items():
        parts[program] = f"{PART_NAME}:{program}"
        archive = scratch / f"{program}.tar"
        with tarfile.open(archive, "w") as tar:
            _add(tar, path, _program(program).read_bytes(), 0o755)
            if program == "coredns" and CERTIFICATES.exists():
                _add(tar, str(CERTIFICATES).lstrip("/"), CERTIFICATES.read_bytes(), 0o644)
        changes = [f'--change=ENTRYPOINT ["/{path}"]'] if program in ENTRYPOINTS else []
        engine.run("import", *changes, archive, parts[program])
        archive.unlink()
    parts["busybox"] = f"{PART_NAME}:busybox"
    engine.run("import", _busybox(scratch), parts["busybox"])
    return parts


def _network_images(engine: Engine, scratch: Path) -> dict[str, str]:
    """Make the images of the programs that call iptables and friends."""
    archive = debian.root_filesystem(
        SOURCE / "packages-network.txt", table()["images"]["node-suite"]
    )
    base = f"{PART_NAME}:network"
    engine.run("import", archive, base)
    parts = {}
    for program in NETWORK_PROGRAMS:
        parts[program] = f"{PART_NAME}:{program}"
        context = scratch / program
        context.mkdir()
        shutil.copy(_program(program), context)
        shutil.copy(SOURCE / "network.Dockerfile", context / "Dockerfile")
        engine.build(context, parts[program], BASE=base, PROGRAM=program)
    parts["network"] = base
    return parts


def _busybox(scratch: Path) -> Path:
    """Return the filesystem of the helper that makes and removes volumes."""
    archive = scratch / "busybox.tar"
    package = scratch / "busybox"
    package.mkdir()
    run(["apt-get", "download", "-qq", "busybox-static"], cwd=package)
    (deb,) = package.glob("*.deb")
    run(["dpkg-deb", "--extract", deb, package / "root"])
    (program,) = (path for path in package.rglob("bin/busybox") if path.is_file())
    with tarfile.open(archive, "w") as tar:
        _add(tar, "bin/busybox", program.read_bytes(), 0o755)
        for name in ("sh", "mkdir", "rm"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return archive


def _import(engine: Engine, container: str, archive: Path, parts: dict[str, str]) -> None:
    """Import an archive into the container's containerd under the names users ask for."""
    ctr = [engine.cli, "exec", "--interactive", container, "ctr", "--namespace=k8s.io", "images"]
    with archive.open("rb") as stream:
        done = subprocess.run(
            [*ctr, "import", "--all-platforms", "--no-unpack", "--digests", "-"],
            stdin=stream,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise ToolError(f"containerd did not take the images:\n{done.stderr}")
    wanted = {**_kubeadm_images(), **table()["addons"], "busybox": table()["images"]["busybox"]}
    for part, local in parts.items():
        if part in wanted:
            run([*ctr, "tag", f"docker.io/{local}", wanted[part]])
    names = run([*ctr, "list", "--quiet"]).split()
    run([*ctr, "remove", *(name for name in names if PART_NAME in name)])


@contextmanager
def _containerd(engine: Engine, container: str) -> Iterator[None]:
    """Run containerd inside a container while the body runs."""
    engine.run("exec", "--detach", container, "containerd")
    answers = [engine.cli, "exec", container, "ctr", "version"]
    until(lambda: succeeds(answers), seconds=CONTAINERD_SECONDS, what="containerd to start")
    yield
    engine.run("exec", container, "pkill", "containerd")
    runs = [engine.cli, "exec", container, "pgrep", "containerd"]
    until(lambda: not succeeds(runs), seconds=CONTAINERD_SECONDS, what="containerd to stop")


def _kubeadm_images() -> dict[str, str]:
    """Return the images that kubeadm asks for, by the last part of their name."""
    version = module("kubernetes").version
    listing = run(
        [_program("kubeadm"), "config", "images", "list", "--kubernetes-version", version]
    )
    return {name.rsplit("/", 1)[-1].split(":")[0]: name for name in listing.split()}


def _program(name: str) -> Path:
    """Return the path of a program, from whichever module makes it."""
    if name == "pause":
        return golang.build_folder(SOURCE / "pause")
    for build in BUILDS:
        if name in module(build).programs:
            return golang.build(module(build)) / name
    raise KeyError(name)


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    """Add a root-owned file to an archive."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))
