"""Addresses of what is in a registry; the last one takes whatever is no other's."""

from django.urls import path

from registries_app.content import views

app_name = "registry"
urlpatterns = [
    path("<slug:registry>/", views.content, name="content"),
    path("<slug:registry>/-/index/", views.read_all, name="index"),
    path("<slug:registry>/-/pin/", views.pin, name="pin"),
    path("<slug:registry>/<path:repository>/-/compare/", views.compare, name="compare"),
    path("<slug:registry>/<path:repository>/-/pull/", views.pull, name="pull"),
    path("<slug:registry>/<path:repository>/-/<str:reference>/", views.image, name="image"),
    path("<slug:registry>/<path:repository>/", views.repository, name="repository"),
]
