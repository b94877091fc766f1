"""Keeping values that may be secrets out of what the engine tells about an image (pure, F3)."""

import copy
from typing import Any

from core.masking import masked_instruction, masked_variables


def masked(raw: dict[str, Any]) -> dict[str, Any]:
    """A copy of an inspect answer whose variables keep their names only.

    ContainerConfig is that of the container in which the last step was made: old engines still
    tell it, with the step as its command.
    """
    shown = copy.deepcopy(raw)
    for part in ("Config", "ContainerConfig"):
        config = shown.get(part)
        if isinstance(config, dict) and isinstance(config.get("Env"), list):
            config["Env"] = masked_variables(config["Env"])
    made = shown.get("ContainerConfig")
    if isinstance(made, dict) and isinstance(made.get("Cmd"), list):
        made["Cmd"] = [masked_instruction(str(each)) for each in made["Cmd"]]
    return shown
