from django.urls import path

from hosts_app import views

app_name = "hosts"
urlpatterns = [
    path("hosts/", views.host_list, name="list"),
    path("hosts/new/", views.host_new, name="new"),
    path("hosts/<slug:slug>/", views.host_page, name="page"),
    path("hosts/<slug:slug>/edit/", views.host_edit, name="edit"),
    path("hosts/<slug:slug>/check/", views.host_check, name="check"),
    path("hosts/<slug:slug>/disk/", views.host_disk, name="disk"),
    path("hosts/<slug:slug>/remove/", views.host_remove, name="remove"),
]
