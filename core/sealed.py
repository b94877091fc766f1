"""Secrets at rest: AES-256-GCM, each bound to the table, column and row it belongs to (F1).

A sealed text reads `v1:<key id>:<base64 of nonce and ciphertext>`. Keys come from
CREDENTIAL_KEYS, `id:base64` of 32 bytes each, comma separated: the first one seals, all of
them unseal, so a new key can be put in front while the old one is still needed.
"""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

NONCE_BYTES = 12
KEY_BYTES = 32


class CannotUnseal(Exception):
    """The text was altered, belongs to another row, or its key is gone."""


def seal(row: Model, column: str, text: str) -> str:
    """`text` for storing in `column` of `row`, which must have its primary key; "" stays ""."""
    if not text:
        return ""
    key_id, key = next(iter(keyring().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _place(row, column))
    return f"v1:{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(row: Model, column: str) -> str:
    """What `seal` was given. Raises CannotUnseal."""
    stored: str = getattr(row, column)
    if not stored:
        return ""
    _version, key_id, blob = stored.split(":", 2)
    raw = base64.b64decode(blob)
    try:
        opened = AESGCM(keyring()[key_id]).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(row, column)
        )
    except (InvalidTag, KeyError) as error:
        raise CannotUnseal(f"{column} of {_table(row)} {row.pk}") from error
    return opened.decode()


def derived_key(key_id: str, purpose: str) -> bytes:
    """A key for another purpose, such as the audit chain, from the one called `key_id`."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode())
    return kdf.derive(keyring()[key_id])


@lru_cache(maxsize=1)
def keyring() -> dict[str, bytes]:
    """Key id → key, the sealing key first."""
    keys = {}
    for part in settings.CREDENTIAL_KEYS.split(","):
        key_id, _colon, encoded = part.strip().partition(":")
        try:
            keys[key_id] = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ImproperlyConfigured("CREDENTIAL_KEYS: not base64.") from error
        if len(keys[key_id]) != KEY_BYTES:
            raise ImproperlyConfigured(f"CREDENTIAL_KEYS: each key has {KEY_BYTES} bytes.")
    return keys


def new_key(key_id: str = "k1") -> str:
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def _place(row: Model, column: str) -> bytes:
    if row.pk is None:
        raise ValueError("save the row before sealing a secret of it: its key is part of the seal")
    return f"{_table(row)}:{column}:{row.pk}".encode()


def _table(row: Model) -> str:
    return row._meta.db_table  # noqa: SLF001 - Django documents _meta as public
