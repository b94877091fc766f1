"""Sign-in as registries do it: Basic, and tokens by scope from a service."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

from tests.fakes.hostile_registry import Asked, Reply
from tests.fakes.registries.traits import ROBOT, SECRET, Traits


def account(asked: Asked) -> str | None:
    """Who signs in by Basic: "" for nobody, None for a wrong password."""
    scheme, _space, value = asked.authorization.partition(" ")
    if scheme != "Basic":
        return ""
    name, _colon, password = base64.b64decode(value).decode().partition(":")
    return name if (name, password) == (ROBOT, SECRET) else None


def token(asked: Asked, traits: Traits) -> Reply:
    """What the token service gives: never an error for fewer rights than were asked (fact 6)."""
    who = account(asked)
    query = parse_qs(urlsplit(asked.path).query)
    if who is None or query.get("service", [""]) != [traits.service]:
        return Reply(401)
    if not who and traits.anonymous != 200:
        return Reply(traits.anonymous)
    granted = []
    for scope in query.get("scope", []):
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        if kind == "registry" and traits.lists_for not in {"*", who or "-"}:
            continue
        given = actions if who else ("pull" if "pull" in actions.split(",") else "")
        granted.append(f"{kind}:{name}:{given}")
    text = base64.urlsafe_b64encode(json.dumps(granted).encode()).decode()
    return Reply(body=json.dumps({"token": text, "expires_in": 300}).encode())


def admitted(asked: Asked, traits: Traits, need: str) -> bool:
    """Whether this request may do `need`, a scope such as repository:box:pull, or "" to knock."""
    if traits.auth == "none":
        return True
    if traits.auth == "basic":
        return bool(account(asked))
    scheme, _space, value = asked.authorization.partition(" ")
    if scheme != "Bearer":
        return False
    try:
        granted = json.loads(base64.urlsafe_b64decode(value))
    except ValueError:  # such as a password sent in a token's place (fact 10)
        return False
    if not need:
        return True
    kind, wanted = need.rsplit(":", 1)
    return any(
        each.rsplit(":", 1)[0] == kind
        and (wanted in each.rsplit(":", 1)[1].split(",") or each.endswith(":*"))
        for each in granted
    )


def challenge(traits: Traits, realm: str, need: str) -> Reply:
    if traits.auth == "basic":
        said = 'Basic realm="lab"'
    else:
        said = f'Bearer realm="{realm}",service="{traits.service}"'
        said += f',scope="{need}"' if need else ""
    return Reply(401, failed("UNAUTHORIZED"), {"WWW-Authenticate": said})


def failed(code: str, message: str = "") -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message or code.lower()}]}).encode()
