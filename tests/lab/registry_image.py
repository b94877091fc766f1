"""An image that runs Debian's docker-registry, made of the program and the libraries it needs."""

import io
import re
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import urlencode

from tests.lab.dockerd import Dockerd, needed

REGISTRY_IMAGE = "lab/registry:latest"
CONFIG = b"""\
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/registry}
http: {addr: ":5000"}
"""
LIBRARY = re.compile(r"(/\S+) \(0x")


def load_registry_image(docker: Dockerd) -> None:
    program = Path(needed("docker-registry", "docker-registry"))
    command = '["/registry", "serve", "/config.yml"]'
    asked = {
        "fromSrc": "-",
        "repo": "lab/registry",
        "tag": "latest",
        "changes": f"ENTRYPOINT {command}",
    }
    docker.api("POST", f"/images/create?{urlencode(asked)}", _root_fs(program))


def _root_fs(program: Path) -> bytes:
    """For a machine like this one: a statically linked program needs no library."""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
        tar.add(program, "registry")
        for library in LIBRARY.findall(linked):
            tar.add(library, library.removeprefix("/"))
        config = tarfile.TarInfo("config.yml")
        config.size = len(CONFIG)
        tar.addfile(config, io.BytesIO(CONFIG))
        for folder in ("tmp", "etc", "var/lib/registry"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(entry)
    return packed.getvalue()
