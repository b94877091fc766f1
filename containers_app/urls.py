from django.urls import path

from containers_app import change_views, object_views, run_views, views
from containers_app.logs import page as log_page

app_name = "containers"
urlpatterns = [
    path("containers/", views.container_list, name="list"),
    path("containers/act/", views.act, name="act"),
    path("containers/prune/", views.prune, name="prune"),
    path("containers/new/", run_views.new, name="new"),
    path("containers/new/arguments/", run_views.split, name="new-arguments"),
    path("logs/", log_page.merged, name="merged-logs"),
    path("h/<slug:host>/c/<str:name>/", object_views.overview, name="page"),
    path("h/<slug:host>/c/<str:name>/logs/", object_views.logs, name="logs"),
    path("h/<slug:host>/c/<str:name>/changes/", change_views.changes, name="changes"),
    path("h/<slug:host>/c/<str:name>/commit/", change_views.commit, name="commit"),
    path("h/<slug:host>/c/<str:name>/inspect/", object_views.inspect, name="inspect"),
    path("h/<slug:host>/c/<str:name>/events/", object_views.events, name="events"),
    path("h/<slug:host>/c/<str:name>/reveal/", object_views.reveal, name="reveal"),
    path("h/<slug:host>/c/<str:name>/lock/", object_views.lock, name="lock"),
]
