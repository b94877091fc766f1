from django.urls import path

from images_app import compare_views, object_views

app_name = "image"
# no part of an image's name is a lone "-": what stands behind one is no name
urlpatterns = [
    path("images/compare/", compare_views.page, name="compare"),
    path("h/<slug:host>/i/<path:reference>/-/inspect/", object_views.inspect, name="inspect"),
    path("h/<slug:host>/i/<path:reference>/-/reveal/", object_views.reveal, name="reveal"),
    path("h/<slug:host>/i/<path:reference>/", object_views.overview, name="page"),
]
