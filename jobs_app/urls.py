from django.urls import path

from jobs_app import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("tray/", views.tray, name="tray"),
    path("seen/", views.all_seen, name="all-seen"),
    path("<int:pk>/", views.job_page, name="page"),
    path("<int:pk>/seen/", views.seen, name="seen"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/retry/", views.retry, name="retry"),
    path("<int:pk>/dismiss/", views.dismiss, name="dismiss"),
]
