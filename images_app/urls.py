from django.urls import include, path

app_name = "images"
urlpatterns = [path("", include("images_app.transfer_urls"))]
