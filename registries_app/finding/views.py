"""The page that searches all registries and hosts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts_app.http import Request
from core.gate import signed_in
from registries_app.finding.finding import find


@signed_in
@require_GET
def search(request: Request) -> HttpResponse:
    q = request.GET.get("q", "")[:300]
    found, whole = find(request.user, q)
    context = {"q": q, "found": found, "whole": whole}
    return render(request, "registries_app/search.html", context)
