from django.urls import path

from images_app.transferring import load_views
from images_app.transferring import views as transfer_views

urlpatterns = [
    path("images/pull/", transfer_views.pull, name="pull"),
    path("images/push/", transfer_views.push, name="push"),
    path("images/distribute/", transfer_views.distribute, name="distribute"),
    path("images/save/", transfer_views.save, name="save"),
    path("images/load/", load_views.load, name="load"),
    path("images/import/", load_views.import_image, name="import"),
    path("images/names/", transfer_views.names, name="names"),
]
