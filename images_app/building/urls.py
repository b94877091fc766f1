from django.urls import path

from images_app.building import views as build_views

app_name = "builds"
urlpatterns = [
    path("", build_views.build_list, name="list"),
    path("new/", build_views.new, name="new"),
    path("check/", build_views.check_typed, name="check"),
    path("<int:pk>/", build_views.page, name="page"),
    path("<int:pk>/steps/<int:n>/", build_views.step_log, name="step"),
]
