"""Keeping values that may be secrets out of what the engine tells about a container (pure, F3)."""

import copy
from typing import Any

from accounts_app.audit import redacted
from core.masking import masked_variables


def masked(raw: dict[str, Any]) -> dict[str, Any]:
    """A copy of an inspect answer that names its variables and hides their values.

    Options of log drivers carry tokens under names that say so.
    """
    shown = copy.deepcopy(raw)
    config = shown.get("Config")
    if isinstance(config, dict) and isinstance(config.get("Env"), list):
        config["Env"] = masked_variables(config["Env"])
    log = (shown.get("HostConfig") or {}).get("LogConfig")
    if isinstance(log, dict) and isinstance(log.get("Config"), dict):
        log["Config"] = redacted(log["Config"])
    return shown
