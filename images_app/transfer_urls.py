from django.urls import path

from images_app import transfer_views

urlpatterns = [
    path("images/pull/", transfer_views.pull, name="pull"),
    path("images/push/", transfer_views.push, name="push"),
    path("images/distribute/", transfer_views.distribute, name="distribute"),
    path("images/save/", transfer_views.save, name="save"),
    path("images/names/", transfer_views.names, name="names"),
]
