from django.urls import include, path

from dashboard import api, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accounts_app.urls")),
    path("", include("containers_app.urls")),
    path("", include("images_app.urls")),
    path("", include("images_app.object_urls")),
    path("", include("hosts_app.urls")),
    path("builds/", include("images_app.building.urls")),
    path("jobs/", include("jobs_app.urls")),
    path("registries/", include("registries_app.urls")),
    path("registries/", include("registries_app.move_urls")),
    path("registries/", include("registries_app.content.urls")),
    path("palette/", views.palette, name="palette"),
    path("settings/language/", views.set_language, name="language"),
    path("settings/", include("hosts_app.people_urls")),
    path("api/v1/", include(api.patterns())),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
handler400 = "dashboard.views.bad_request"
handler404 = "dashboard.views.not_found"
handler500 = "dashboard.views.server_error"
