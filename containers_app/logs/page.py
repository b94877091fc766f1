"""The page on which the lines of several containers come in one stream."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from accounts_app.http import Request
from containers_app.logs.sources import MOST_SOURCES, references, too_many, words_of
from core.errors import Invalid
from core.gate import signed_in


@signed_in
@require_GET
def merged(request: Request) -> HttpResponse:
    """`?c=lab/web,lab/db&select=project:shop level:error`; the socket finds the containers."""
    named = [each for text in request.GET.getlist("c") for each in text.split(",") if each]
    select = request.GET.get("select", "").strip()
    context = {"asked": select, "levels": levels(), "error": ""}
    try:
        references(named)
        words_of(select)
        if len(named) > MOST_SOURCES:
            raise Invalid.field("c", too_many())
    except Invalid as wrong:
        context["error"] = f"{wrong.errors[0].message} {wrong.hint}".strip()
        return render(request, "containers_app/merged_logs.html", context, status=422)
    context |= {"named": ",".join(named), "select": select}
    return render(request, "containers_app/merged_logs.html", context)


def levels() -> list[tuple[int, str]]:
    """Of log lines, as scripts number them, the most urgent first."""
    return [
        (4, pgettext("log level", "Error")),
        (3, pgettext("log level", "Warning")),
        (2, pgettext("log level", "Info")),
        (1, pgettext("log level", "Debug")),
        (0, pgettext("log level", "Other")),
    ]
