"""Addresses of what moves or deletes images: below words that no repository can have."""

from django.urls import path

from registries_app.finding import views as find_views
from registries_app.making import views as make_views
from registries_app.moving import copy_views, tag_views
from registries_app.moving import delete_views as move_views

app_name = "registry_moves"
urlpatterns = [
    path("-/copy/", copy_views.copy, name="copy"),
    path("-/search/", find_views.search, name="search"),
    path("-/made-here/", make_views.make, name="make"),
    path("<slug:slug>/-/trust/", make_views.trust, name="trust"),
    path("<slug:slug>/<path:repository>/-/delete/", move_views.delete, name="delete"),
    path("<slug:slug>/<path:repository>/-/tag/", tag_views.tag, name="tag"),
]
