"""Addresses of what moves or deletes images: below words that no repository can have."""

from django.urls import path

from registries_app import copy_views, find_views, make_views, move_views

app_name = "registry_moves"
urlpatterns = [
    path("-/copy/", copy_views.copy, name="copy"),
    path("-/search/", find_views.search, name="search"),
    path("-/made-here/", make_views.make, name="make"),
    path("<slug:slug>/-/trust/", make_views.trust, name="trust"),
    path("<slug:slug>/<path:repository>/-/delete/", move_views.delete, name="delete"),
]
