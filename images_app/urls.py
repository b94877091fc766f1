from django.urls import include, path

from images_app import prune_views, views

app_name = "images"
urlpatterns = [
    path("images/", views.image_list, name="list"),
    path("images/act/", views.act, name="act"),
    path("images/prune/", prune_views.prune, name="prune"),
    path("", include("images_app.transferring.urls")),
]
