from django.urls import path

from containers_app import views

app_name = "containers"
urlpatterns = [
    path("containers/", views.container_list, name="list"),
    path("containers/act/", views.act, name="act"),
]
