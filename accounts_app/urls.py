from django.urls import path

from accounts_app import audit_views, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.sign_in_page, name="login"),
    path("logout/", views.sign_out_page, name="logout"),
    path("setup/", views.setup_page, name="setup"),
    path("audit/", audit_views.trail_page, name="audit"),
    path("audit/denied/", audit_views.denied_page, name="denied"),
    path("audit/export/", audit_views.export, name="export"),
]
