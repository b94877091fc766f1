"""Every socket of the site and its address. Each checks origin and person itself (Socket)."""

from django.urls import path

from containers_app.logs.consumers import LogSocket
from dashboard.page_socket import PageSocket
from jobs_app.consumers import JobSocket

routes = [
    path("ws/live/", PageSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/jobs/<int:job_id>/", JobSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/logs/", LogSocket.as_asgi()),  # type: ignore[arg-type]
]
