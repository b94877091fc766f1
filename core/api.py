"""How our API speaks: strict input, problem+json, lists of one shape, a permission each."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NoReturn, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.request import RawPostDataException
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.timezone import now
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.utils import replace_path_param_notation
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from core.errors import (
    DashboardError,
    FieldError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    TooLarge,
)
from core.gate import SIGNED_IN
from core.listing import MOST_PER_PAGE, PAGE_SIZE, Page
from core.middleware import answer_to

T = TypeVar("T")
V = TypeVar("V", bound=Callable[..., Any])
B = TypeVar("B", bound="Body")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
DEEPEST = 32  # levels of a body; ours need five
KEY_LONGEST = 200  # characters of an Idempotency-Key
SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
UNPRINTABLE = {"\x00", *map(chr, range(0xD800, 0xE000))}  # what no database stores as text


class Body(BaseModel):
    """A request's body: an unknown field or a wrong type is refused, never guessed."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """An answer, or a part of one."""


class Filters(BaseModel):
    """What every list takes."""

    q: str = Field("", description="Words, all of which must match.")
    sort: str = Field("", description="A column; with a minus before it, descending.")
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(PAGE_SIZE, ge=1, le=MOST_PER_PAGE)

    def page_of(self, total: int) -> Page:
        """The page asked for; beyond the end it is empty, so that whoever walks on ends."""
        return Page(self.page, self.page_size, total)


class ListOf(Out, Generic[T]):
    """One page of a list; `as_of` says how old its oldest row may be."""

    items: list[T]
    total: int
    page: int
    page_size: int
    as_of: datetime | None


def listed(kind: type[T], items: Iterable[T], page: Page, as_of: datetime | None) -> ListOf[T]:
    return ListOf[kind](  # type: ignore[valid-type]
        items=list(items), total=page.total, page=page.number, page_size=page.size, as_of=as_of
    )


def as_of_now() -> datetime:
    """For lists of what is ours alone, such as jobs: they are true the moment they are read."""
    return now()


def instant(text: str, *, field: str) -> datetime:
    """A moment, as ISO 8601 (UTC unless it says) or as seconds since 1970. Raises Invalid."""
    try:
        if SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), tz=UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid.field(
            field, _("A time like 2026-11-24T08:13:59Z, or seconds since 1970.")
        ) from error


def said(body: Body | None) -> dict[str, Any]:
    """What a body says; a field that is null says nothing."""
    return body.model_dump(exclude_none=True) if body else {}


def idempotency_key(request: HttpRequest) -> str:
    """What makes a repeat answer with the same Job, or "". Raises Invalid."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LONGEST:
        raise Invalid.field(
            "Idempotency-Key", _("At most %(most)d characters.") % {"most": KEY_LONGEST}
        )
    return key


class StrictParser(Parser):
    """JSON as RFC 8259 has it, of bounded depth, with text that every database can hold."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return self.parse(request.body)

    def parse(self, raw: bytes | str) -> dict[str, Any]:
        """Raises Malformed and Invalid."""
        try:
            body = json.loads(raw, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Malformed(
                _("The body is not JSON: %(error)s") % {"error": error},
                hint=_("Send a JSON object in UTF-8."),
            ) from error
        _check_text(body, ())
        return body  # type: ignore[no-any-return]


def validated(model: type[B], value: Any) -> B:
    """`value` as a body of this kind, for what does not come as the whole body. Raises Invalid."""
    try:
        return model.model_validate(value)
    except PydanticError as error:
        wrong = [
            FieldError(".".join(map(str, each["loc"])), _message(dict(each)))
            for each in error.errors(include_url=False)
        ]
        raise Invalid(f"{wrong[0].field}: {wrong[0].message}", errors=wrong) from error


def reads_body(view: V) -> V:
    """A view that reads the body by itself, such as an upload."""
    view.reads_body = True  # type: ignore[attr-defined]
    return view


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _check_text(value: Any, place: tuple[str, ...]) -> None:
    if len(place) > DEEPEST:
        raise Malformed(_("The body is nested too deeply."))
    if isinstance(value, str) and not UNPRINTABLE.isdisjoint(value):
        raise Invalid.field(".".join(place), _("Characters that are no text are in here."))
    if isinstance(value, dict):
        for name, each in value.items():
            _check_text(name, place)
            _check_text(each, (*place, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _check_text(each, (*place, str(number)))


class Api(NinjaAPI):
    """A NinjaAPI whose every operation passes our gate, CSRF check and error form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(openapi_url=None, docs_url=None, parser=StrictParser(), **options)
        self.add_exception_handler(DashboardError, problem_to)
        self.add_exception_handler(ValidationError, _invalid)
        self.add_exception_handler(HttpError, _http_error)
        self.add_exception_handler(Http404, _missing)
        self.add_exception_handler(RequestDataTooBig, _too_big)
        self.add_exception_handler(UnreadablePostError, _unreadable)
        self.add_exception_handler(RawPostDataException, _unreadable)

    def patterns(self) -> list[URLPattern]:
        """One URL pattern for each path, in place of Ninja's own, which are exempt from CSRF."""
        return [
            path(replace_path_param_notation(route), _view(operations))
            for route, operations in self.paths()
        ]

    def paths(self) -> Iterable[tuple[str, list[Operation]]]:
        for router in self._get_bound_routers():
            for route, found in router.path_operations.items():
                yield f"{router.prefix}{route}".strip("/"), found.operations


def _view(operations: Sequence[Operation]) -> Callable[..., HttpResponseBase]:
    by_method = {method: each for each in operations for method in each.methods}
    if "GET" in by_method:
        by_method["HEAD"] = by_method["GET"]

    def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        operation = by_method.get(request.method or "")
        if operation is None:
            answer = problem_to(request, _wrong_method(request))
            answer["Allow"] = ", ".join(sorted(by_method))
            return answer
        try:
            _check_address(request, kwargs, operation)
            if not _takes_a_body(operation):
                _check_nothing_said(request)
        except DashboardError as error:
            return problem_to(request, error)
        return operation.run(request, **kwargs)

    view.permission = dict.fromkeys(METHODS, SIGNED_IN) | {  # type: ignore[attr-defined]
        method: getattr(each.view_func, "permission", None) for method, each in by_method.items()
    }
    view.operations = by_method  # type: ignore[attr-defined]
    return view


def _takes_a_body(operation: Operation) -> bool:
    declared = any(model.__ninja_param_source__ == "body" for model in operation.models)
    return declared or getattr(operation.view_func, "reads_body", False)


def _check_address(request: HttpRequest, kwargs: dict[str, Any], operation: Operation) -> None:
    """Refuse query parameters that the operation does not know, and text that is none."""
    if any("\x00" in value for value in kwargs.values() if isinstance(value, str)):
        raise NotFound(_("There is nothing of that name."))
    known = query_names(operation)
    wrong = [
        FieldError(name, _("There is no such parameter here."))
        for name in request.GET
        if name not in known
    ]
    wrong += [
        FieldError(name, _("Characters that are no text are in here."))
        for name, values in request.GET.lists()
        if any("\x00" in value for value in values)
    ]
    if wrong:
        raise Invalid(
            wrong[0].message,
            errors=wrong,
            hint=_("Parameters are %(names)s.") % {"names": ", ".join(sorted(known))}
            if known
            else _("This address takes no parameters."),
        )


def _check_nothing_said(request: HttpRequest) -> None:
    """An operation without a body refuses one that says something; `{}` says nothing."""
    try:
        body = StrictParser().parse_body(request) if request.body else {}
    except RequestDataTooBig as error:
        raise TooLarge(_("The body is too large.")) from error
    except (UnreadablePostError, RawPostDataException) as error:
        raise _unreadable_body() from error
    if body and isinstance(body, dict):
        wrong = [FieldError(name, _("There is no such field.")) for name in body]
        raise Invalid(f"{wrong[0].field}: {wrong[0].message}", errors=wrong)
    if body != {}:
        raise Invalid.field("body", _("This must be an object."))


def query_names(operation: Operation) -> set[str]:
    """The query parameters that an operation declares."""
    names: set[str] = set()
    for model in operation.models:
        if model.__ninja_param_source__ == "query":
            names |= set(model.__ninja_flatten_map__)
    return names


def _wrong_method(request: HttpRequest) -> MethodNotAllowed:
    return MethodNotAllowed(
        _("%(method)s is not possible here.") % {"method": request.method},
        hint=_("The header Allow names what is."),
    )


# -- What went wrong, in our form -----------------------------------------------------------


def problem_to(request: HttpRequest, error: Any) -> HttpResponse:
    """The error as problem+json; scripts always read what to do next."""
    error.hint = error.hint or _default_hints().get(error.status, "")
    return answer_to(request, error)


def _default_hints() -> dict[int, str]:
    return {
        400: _("Send a JSON object in UTF-8."),
        403: _("Ask an administrator for the right to do this."),
        404: _("Lists name what there is; /api/v1/docs names the addresses."),
        409: _("Look at it again: it has changed."),
        413: _("Send, or ask for, less at once."),
        422: _("Correct what errors names; /api/v1/docs names the fields."),
        502: _("Look at the host: its state and error say more."),
        504: _("Look at the host: its state and error say more."),
    }


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    wrong = [FieldError(_field(each["loc"]), _message(each)) for each in error.errors]
    return problem_to(request, Invalid(f"{wrong[0].field}: {wrong[0].message}", errors=wrong))


def _field(loc: Sequence[Any]) -> str:
    """ports.0.container; a body's first part is the name of our own argument."""
    source, *names = loc
    if source == "body":
        names = names[1:]
    return ".".join(str(name) for name in names) or str(source)


def _message(wrong: dict[str, Any]) -> str:
    bounds = wrong.get("ctx", {})
    messages = {
        "missing": _("This is needed."),
        "extra_forbidden": _("There is no such field."),
        "string_type": _("This must be a text."),
        "int_type": _("This must be a whole number."),
        "int_parsing": _("This must be a whole number."),
        "int_from_float": _("This must be a whole number."),
        "int_parsing_size": _("This number is too large."),
        "float_type": _("This must be a number."),
        "bool_type": _("Either true or false."),
        "bool_parsing": _("Either true or false."),
        "list_type": _("This must be a list."),
        "dict_type": _("This must be an object."),
        "model_type": _("This must be an object."),
        "model_attributes_type": _("This must be an object."),
    }
    if wrong["type"] == "literal_error":
        return _("One of %(names)s.") % {"names": bounds.get("expected", "")}
    return messages.get(wrong["type"]) or str(wrong["msg"])


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    """Ninja wraps what the parser raised."""
    cause = error.__cause__
    return problem_to(
        request, cause if isinstance(cause, DashboardError) else Malformed(str(error))
    )


def _missing(request: HttpRequest, _error: Any) -> HttpResponse:
    return problem_to(request, NotFound(_("There is nothing at this address.")))


def _too_big(request: HttpRequest, _error: Any) -> HttpResponse:
    return problem_to(request, TooLarge(_("The body is too large.")))


def _unreadable(request: HttpRequest, _error: Any) -> HttpResponse:
    return problem_to(request, _unreadable_body())


def _unreadable_body() -> Malformed:
    return Malformed(_("The body could not be read."), hint=_("Send it as application/json."))
