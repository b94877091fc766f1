"""Addresses of registries' records: below words that no repository can have."""

from django.urls import path

from registries_app import views

app_name = "registries"
urlpatterns = [
    path("", views.registry_list, name="list"),
    path("-/new/", views.registry_new, name="new"),
    path("<slug:slug>/-/record/", views.registry_record, name="record"),
    path("<slug:slug>/-/record/edit/", views.registry_edit, name="edit"),
    path("<slug:slug>/-/record/check/", views.registry_check, name="check"),
    path("<slug:slug>/-/record/first/", views.registry_first, name="first"),
    path("<slug:slug>/-/record/forget/", views.registry_forget, name="forget"),
]
