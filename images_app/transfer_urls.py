from django.urls import path

from images_app import transfer_views

app_name = "transfers"
urlpatterns = [path("images/pull/", transfer_views.pull, name="pull")]
