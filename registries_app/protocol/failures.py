"""What can go wrong with a registry, each kind by its own name, with a sentence for the reader.

`code` is the machine word of the public API. The registry's own words are kept where they help;
never the body of what is not a registry (E4).
"""

from django.utils.translation import gettext as _

from core.errors import DashboardError


class RegistryFailed(DashboardError):
    """Base of all of these."""

    status = 502
    code = "registry_error"

    @property
    def title(self) -> str:
        if self.status == 504:
            return _("The registry did not answer")
        return _("The registry reported an error") if self.status == 502 else super().title


class Unreachable(RegistryFailed):
    """No connection: refused, no route, unknown name, broken. Which of them is not told (E4)."""

    code = "unreachable"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("The registry %(name)s cannot be reached.") % {"name": name},
            hint=_("Look at its address, and whether it runs."),
        )


class Forbidden(RegistryFailed):
    """An address that we never connect to, or not because a registry says so (E1)."""

    code = "refused_by_policy"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("The registry %(name)s points to an address that the dashboard does not open.")
            % {"name": name},
            hint=_("Link-local, metadata and, from public registries, private addresses."),
        )


class TimedOut(RegistryFailed):
    """It did not answer, or not to the end, in the time that we give it."""

    status = 504
    code = "timed_out"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("The registry %(name)s did not answer in time.") % {"name": name},
            hint=_("It is slow or hung; try again later."),
        )


class TlsFailed(RegistryFailed):
    """No trusted encryption; the sentence names the cause."""

    code = "tls_failed"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            _("No secure connection to the registry %(name)s: %(why)s")
            % {"name": name, "why": why},
            hint=_("Enter its CA, correct its address, or skip verification for it."),
        )


class NotARegistry(RegistryFailed):
    """An answer, but none that a registry gives: HTML, a login page, something else's."""

    code = "not_a_registry"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("What answers at %(name)s does not speak as a registry.") % {"name": name},
            hint=_("Look at its address; a proxy or sign-in page may answer in its place."),
        )


class AuthFailed(RegistryFailed):
    """User name and password are not accepted, or are needed and missing."""

    code = "auth_failed"

    def __init__(self, name: str, *, anonymous: bool) -> None:
        words = (
            _("The registry %(name)s wants a sign-in.")
            if anonymous
            else _("The registry %(name)s does not accept the user name and password.")
        )
        super().__init__(words % {"name": name}, hint=_("Correct the sign-in of this registry."))


class NoAccess(RegistryFailed):
    """Signed in, but this is not for the account (a token for less than was asked)."""

    code = "no_access"

    def __init__(self, name: str, *, anonymous: bool) -> None:
        words = (
            _("The registry %(name)s does not allow this without a sign-in.")
            if anonymous
            else _("The account at the registry %(name)s is not allowed to do this.")
        )
        super().__init__(words % {"name": name}, hint=_("Ask whoever grants rights there."))


class ForeignRealm(RegistryFailed):
    """It sends to a sign-in service that no administrator has confirmed (E3). Nothing was sent."""

    code = "foreign_realm"

    def __init__(self, name: str, realm: str) -> None:
        super().__init__(
            _("The registry %(name)s wants the password at %(realm)s; nothing was sent there.")
            % {"name": name, "realm": realm},
            hint=_("If that service belongs to it, confirm it in the form of the registry."),
        )
        self.realm = realm


class BadRedirect(RegistryFailed):
    """Redirects without end, to http, or to nowhere."""

    code = "refused_by_policy"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("The registry %(name)s redirects in a way that is not safe to follow.")
            % {"name": name},
            hint=_("From https only to https, and five times at most."),
        )


class Missing(RegistryFailed):
    """No such repository, tag, manifest or layer there."""

    status = 404
    code = "not_found"

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            _("The registry %(name)s has no %(what)s.") % {"name": name, "what": what},
            hint=_("It may have been deleted, or never pushed."),
        )


class NotSupported(RegistryFailed):
    """It does not do this: deletion is off, a proxy cache, no catalogue."""

    status = 409
    code = "not_supported"


class TooLarge(RegistryFailed):
    """More than we hold in memory, or than the proxy in front of it takes (413)."""

    code = "too_large"


class DigestMismatch(RegistryFailed):
    """The bytes are not what their digest says. Nothing of them is used."""

    code = "digest_mismatch"

    def __init__(self, name: str, digest: str) -> None:
        super().__init__(
            _("The registry %(name)s answers with other bytes than %(digest)s names.")
            % {"name": name, "digest": digest[:19]},
            hint=_("Nothing of it was used: it is damaged, or somebody altered it."),
        )


class RateLimited(RegistryFailed):
    """429; `retry_after_s` seconds from now it may answer again."""

    status = 429
    code = "rate_limited"

    def __init__(self, name: str, retry_after_s: int) -> None:
        super().__init__(
            _("The registry %(name)s takes no more requests for now.") % {"name": name},
            hint=_("In about %(seconds)d seconds it will.") % {"seconds": retry_after_s},
        )
        self.retry_after_s = retry_after_s


class Refused(RegistryFailed):
    """Any other answer that is no success, in the registry's words."""

    code = "registry_error"

    def __init__(self, name: str, status: int, words: str = "") -> None:
        super().__init__(
            _("The registry %(name)s answered with status %(status)d%(words)s.")
            % {"name": name, "status": status, "words": f": {words}" if words else ""}
        )
        self.answered = status


# -- Sentences of the kinds that have several ---------------------------------------------------


def no_catalogue(name: str) -> str:
    return _("The registry %(name)s does not list its repositories to us.") % {"name": name}


def type_it() -> str:
    return _("Name a repository; its tags can be listed all the same.")


def cannot(name: str) -> str:
    return _("The registry %(name)s does not do this.") % {"name": name}


def proxy_refuses(name: str) -> str:
    return _("The proxy in front of the registry %(name)s refuses this size.") % {"name": name}


def too_much(name: str, most: int) -> str:
    return _("The registry %(name)s answers with more than %(most)d bytes.") % {
        "name": name,
        "most": most,
    }


def not_read() -> str:
    return _("Nothing of it was used.")


def deletes_nothing(name: str) -> str:
    return _("Deletion is switched off at the registry %(name)s.") % {"name": name}


def allow_deletion() -> str:
    return _("Whoever runs it allows it by storage.delete.enabled: true in its configuration.")


def too_many_parts(name: str) -> str:
    return _("An image at the registry %(name)s has too many parts.") % {"name": name}
