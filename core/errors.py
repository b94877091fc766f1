"""Errors a reader may be shown. Each knows its HTTP status and says what to do next."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    message: str


class DashboardError(Exception):
    """What happened, in words for the reader; `hint` says what to do.

    `code` is the stable machine word of the API (docs: api.md, "Errors").
    """

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code

    @property
    def title(self) -> str:
        return _TITLES[self.status]()

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 body."""
        return {
            "type": f"about:blank#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "hint": self.hint,
            "code": self.code,
        }


class Malformed(DashboardError):
    """The body is not what its type says: broken JSON, a broken form."""

    code = "malformed"


class Invalid(DashboardError):
    """Well-formed but wrong; `errors` names each field."""

    status = 422

    def __init__(self, message: str, *, hint: str = "", errors: list[FieldError] | None = None):
        super().__init__(message, hint=hint)
        self.errors = errors or []

    @classmethod
    def field(cls, field: str, message: str, *, hint: str = "") -> "Invalid":
        return cls(message, hint=hint, errors=[FieldError(field, message)])

    def problem(self) -> dict[str, Any]:
        fields = [{"field": each.field, "message": each.message} for each in self.errors]
        return super().problem() | {"errors": fields}


class SignedOut(DashboardError):
    status = 401
    code = "signed_out"


class Forbidden(DashboardError):
    """The user sees the object, but may not do this."""

    status = 403
    code = "forbidden"


class StepUpRequired(Forbidden):
    """The deed wants the password again (A10)."""

    code = "step_up_required"

    def __init__(self, *, wrong: bool = False) -> None:
        message = (
            _("This is not your password.") if wrong else _("This needs your password again.")
        )
        super().__init__(message, hint=_("Send it in the field password."))
        self.wrong = wrong


class NotFound(DashboardError):
    """Missing, or not for this user to see: both look the same from outside."""

    status = 404
    code = "not_found"


class MethodNotAllowed(DashboardError):
    """The address exists, but not for this method."""

    status = 405
    code = "method_not_allowed"


class TooLarge(DashboardError):
    """More than we take or hand out in one piece."""

    status = 413
    code = "too_large"


class Conflict(DashboardError):
    """The state of things forbids it."""

    status = 409
    code = "conflict"


class Locked(Conflict):
    code = "locked"


class TooMany(DashboardError):
    """A limit is reached; `retry_after_s` seconds from now it may work."""

    status = 429
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class EngineFailed(DashboardError):
    """An engine answered a question of ours with an error, or not at all."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = 504 if code == "timed_out" else 502


class Unavailable(DashboardError):
    """We cannot do our own part, such as writing the audit trail: nothing was done."""

    status = 503
    code = "unavailable"


_TITLES = {
    400: lambda: _("That could not be read"),
    401: lambda: _("Please sign in"),
    403: lambda: _("Not allowed"),
    404: lambda: _("Not found"),
    405: lambda: _("Not possible here"),
    409: lambda: _("Not now"),
    413: lambda: _("Too large"),
    422: lambda: _("Something needs correcting"),
    431: lambda: _("Too large"),
    429: lambda: _("Too many attempts"),
    502: lambda: _("The engine reported an error"),
    503: lambda: _("Not available"),
    500: lambda: _("Something broke here"),
    504: lambda: _("The engine did not answer"),
}
