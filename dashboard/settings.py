"""Settings: every value that a site may change comes from the environment (docs/settings.md)."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from core.paths import socket_path
from dashboard.environment import (
    broker_url,
    checked_key,
    checked_origins,
    fingerprint,
    key_from,
    sqlite_url,
)

env = environ.FileAwareEnv()

# -- The site ------------------------------------------------------------------------------
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)
DEBUG = False  # never from the environment (F7): an error page must not show what it holds
SECRET_KEY = checked_key(
    "SECRET_KEY", env.str("SECRET_KEY", default="") or key_from(DATA_DIR, "SECRET_KEY")
)
CREDENTIAL_KEYS = checked_key(
    "CREDENTIAL_KEYS",
    env.str("CREDENTIAL_KEYS", default="") or key_from(DATA_DIR, "CREDENTIAL_KEYS"),
)
ALLOW_HTTP = env.bool("ALLOW_HTTP", default=False)
ALLOWED_ORIGINS = checked_origins(
    env.list("ALLOWED_ORIGINS", default=[f"http://127.0.0.1:{PORT}", f"http://localhost:{PORT}"]),
    allow_http=ALLOW_HTTP,
)
ALLOWED_HOSTS = sorted({str(urlsplit(origin).hostname) for origin in ALLOWED_ORIGINS})
HTTPS = all(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # proxies whose X-Forwarded-For we read
SETUP_TOKEN = env.str("SETUP_TOKEN", default="")
SOCKETS_PER_USER = env.int("SOCKETS_PER_USER", default=20)
UNIX_SOCKETS = env.list("UNIX_SOCKETS", default=[])  # patterns of host sockets; empty: any
IMAGE_UPLOAD_LIMIT = env.int("IMAGE_UPLOAD_LIMIT", default=20 * 1024**3)  # bytes of one archive
TRANSFERS_PER_HOST = max(1, env.int("TRANSFERS_PER_HOST", default=3))  # at once on one engine
REGISTRY_REFRESH_MINUTES = max(0, env.int("REGISTRY_REFRESH_MINUTES", default=60))  # 0: never
NEWER_IMAGES_HOURS = max(0, env.int("NEWER_IMAGES_HOURS", default=24))  # 0: never
JOBS_KEPT_DAYS = env.int("JOBS_KEPT_DAYS", default=90)
JOBS_KEPT = env.int("JOBS_KEPT", default=10_000)

# -- Apps and the way of a request ---------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "channels",
    "django_htmx",
    "core",
    "accounts_app",
    "hosts_app",
    "jobs_app",
    "registries_app",
    "images_app",
    "containers_app",
    "inventory_app",
    "dashboard",
]
MIDDLEWARE = [
    "core.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.csrf.CsrfMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts_app.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.ErrorMiddleware",
    "core.gate.GateMiddleware",
]
ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "core.forms.Renderer"

# -- Database, Redis, workers --------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=sqlite_url(DATA_DIR))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE is what spares eight writers every "database is locked"; WAL keeps readers free
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds to wait for another writer
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA journal_size_limit=67108864;"
        ),
    }
DATABASES["default"]["CONN_MAX_AGE"] = 60  # seconds; dashboard.asgi keeps its threads
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default=f"unix://{socket_path(DATA_DIR, 'valkey.sock')}")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "core.layer.PatientLayer",
        # redis-py 8 ends a read after 5 s unless told otherwise, and with it every quiet
        # socket: https://github.com/django/channels_redis/issues/422
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": 30, "socket_connect_timeout": 1}],
            "capacity": 500,
        },
    }
}
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {"image.*": {"queue": "transfers"}}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 12 * 3600,  # seconds; the lease of a Job decides, not the broker (R42)
    "socket_timeout": 10,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    # kombu waits 2 and then 4 s for its first connection, in the middle of a request (R44)
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # the outbox sends again (R40); a request must not wait

# -- People --------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts_app.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ["username"]}},
]  # fmt: skip
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # not Redis: R63
SESSION_COOKIE_AGE = 24 * 3600  # seconds at most; PersonMiddleware ends idle ones earlier
SESSION_IDLE_S = 8 * 3600
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "quarterdeck_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "quarterdeck_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
CSRF_FAILURE_VIEW = "dashboard.views.csrf_failure"

# -- What a browser may do with our pages --------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = False  # the proxy that speaks TLS does it
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes

# -- Language, time, static files ----------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Strict"
USE_TZ = True
TIME_ZONE = "UTC"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_URL = f"/static/{fingerprint(*STATICFILES_DIRS)}/"

# -- Our own log ---------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "core.logs.LineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "docker", "urllib3", "requests", "aiohttp", "kombu", "celery", "asyncio",
            "django.request", "django.channels", "websockets", "uvicorn.access", "httpx2",
            "httpcore2",
        )
    },
}  # fmt: skip
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # core.csrf.CsrfMiddleware is Django's, under another name
    "security.W008",  # redirecting to TLS is the proxy's work
]
