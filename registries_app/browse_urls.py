"""Addresses of repositories and images; they catch every name, so they come last."""

from django.urls import URLPattern, URLResolver

app_name = "registry_browse"
urlpatterns: list[URLPattern | URLResolver] = []
