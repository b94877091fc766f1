"""The settings a site runs with, made fast and alone: no Redis, no real engine."""

import os
import tempfile

os.environ["SECRET_KEY"] = "t" * 60
os.environ["CREDENTIAL_KEYS"] = "k1:" + "A" * 43 + "=,k0:" + "B" * 43 + "="
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="quarterdeck-test-")

from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = "memory://"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DATABASES["default"]["CONN_MAX_AGE"] = 0
# A file, because worker threads of a test need connections of their own to it
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['DATA_DIR']}/test.sqlite3"}
