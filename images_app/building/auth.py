"""What an engine signs in with while it builds: only to the registries its Dockerfile names."""

import base64
import json
from collections.abc import Iterable

from engine.reference import parse
from jobs_app.lifecycle import Failed
from registries_app.checking import check_before_engine
from registries_app.credentials import engine_auth
from registries_app.protocol.failures import RegistryFailed

HEADER = "X-Registry-Config"


def sign_ins(images: Iterable[str]) -> dict[str, str]:
    """The header with what is stored for exactly these images' registries (E6), or none.

    First seen is where each would go with it (E3). Raises Failed.
    """
    found: dict[str, dict[str, str]] = {}
    by_registry = {parse(image).domain: image for image in images}
    for image in by_registry.values():
        try:
            check_before_engine(image)
        except RegistryFailed as error:
            raise Failed(error.message) from error
        if auth := engine_auth(image):
            found[auth["serveraddress"]] = auth
    if not found:
        return {}
    return {HEADER: base64.urlsafe_b64encode(json.dumps(found).encode()).decode()}
