from django.urls import path

from accounts_app import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.sign_in_page, name="login"),
    path("logout/", views.sign_out_page, name="logout"),
    path("setup/", views.setup_page, name="setup"),
]
