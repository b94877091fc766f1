"""What can go wrong between us and a Docker Engine, each kind by its own name.

`code` is the machine word of the public API; `host_state` of the unreachable kinds is the state
that the host is in then. `str(error)` keeps the engine's (or the kernel's) own words.
"""

from typing import ClassVar


class EngineError(Exception):
    """Base of every error this package raises."""

    code: ClassVar[str] = "engine_error"


class Unreachable(EngineError):
    """No usable answer."""

    code = "unreachable"
    host_state: ClassVar[str] = "down"


class Down(Unreachable):
    """Nothing listens there: no socket, refused, no route, unknown name. Nothing was sent."""


class TimedOut(Unreachable):
    """Connected, but no answer in time. The engine may still do what was asked."""

    code = "timed_out"
    host_state = "hung"


class PermissionDenied(Unreachable):
    """The kernel does not let us open the socket."""

    code = "permission_denied"
    host_state = "refused"


class TlsFailed(Unreachable):
    """A certificate or key was not accepted, by us or by the engine, or is no PEM text."""

    code = "tls_failed"
    host_state = "tls_failed"


class TooOld(Unreachable):
    """The engine answers, but its API is below 1.40 (Docker 19.03)."""

    code = "too_old"
    host_state = "too_old"


class Broken(Unreachable):
    """The connection broke, or what came is no answer of an engine. It may have acted."""

    code = "broken"


class NoSuchObject(EngineError):
    """HTTP 404: the container, image, volume or network is gone."""

    code = "not_found"


class Conflict(EngineError):
    """HTTP 409: the object's state forbids it (name taken, in use, already paused)."""

    code = "conflict"


class TooLarge(EngineError):
    """The answer exceeds what we are ready to hold in memory. The engine may have acted."""

    code = "too_large"


class Refused(EngineError):
    """Any other answer that is no success; `status` is its HTTP status."""

    code = "refused"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


def from_status(status: int, message: str) -> EngineError:
    """The error for an HTTP answer that is no success."""
    if status == 404:
        return NoSuchObject(message)
    if status == 409:
        return Conflict(message)
    if status == 400 and "HTTP request to an HTTPS server" in message:  # words of Go's net/http
        return TlsFailed(message)
    return Refused(message, status=status)
