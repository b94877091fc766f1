"""People over the API: accounts and their roles, tokens, and who is asking."""

from ninja import Query, Router

from accounts_app import selectors, services
from accounts_app.http import Request
from core.api import Filters, ListOf, as_of_now, instant, listed
from core.gate import administrator, signed_in
from core.listing import sort_field
from hosts_app import people, people_tokens
from hosts_app.schemas import (
    Confirmation,
    Me,
    NewToken,
    TokenBody,
    TokenOut,
    UserBody,
    UserOut,
    UserPatch,
    grants_out,
    roles_in,
    token_out,
    user_out,
)

router = Router(tags=["people"])
USER_COLUMNS = {"username": "username", "created": "created", "last_login": "last_login"}
TOKEN_COLUMNS = {"id": "pk", "name": "name", "expires": "expires", "last_used": "last_used"}


@router.get("me", response=Me)
@signed_in
def me(request: Request) -> Me:
    """Who is asking, and what they may."""
    user = request.user
    return Me(
        username=user.username,
        administrator=user.is_administrator,
        grants=grants_out(user),
        language=user.language,
        token=token_out(user.token) if user.token else None,
    )


@router.get("users", response=ListOf[UserOut])
@administrator
def list_users(request: Request, filters: Query[Filters]) -> ListOf[UserOut]:
    """Every account."""
    users = people.users(request.user)
    for word in filters.q.split():
        users = users.filter(username__icontains=word)
    column, descending = sort_field(filters.sort, USER_COLUMNS, "username")
    page = filters.page_of(users.count())
    order = f"{'-' if descending else ''}{USER_COLUMNS[column]}"
    rows = users.order_by(order, "pk")[page.start : page.stop]
    return listed(UserOut, [user_out(user) for user in rows], page, as_of_now())


@router.post("users", response={201: UserOut})
@administrator
def add_user(request: Request, wanted: UserBody) -> UserOut:
    """A new account with roles; the host `*` stands for all, also those to come."""
    user = people.create(
        request.user,
        wanted.username,
        wanted.password,
        roles_in(wanted.grants),
        confirmation=wanted.confirmation,
    )
    return user_out(user)


@router.get("users/{username}", response=UserOut)
@administrator
def get_user(request: Request, username: str) -> UserOut:
    """One account."""
    return user_out(people.user_for(request.user, username))


@router.patch("users/{username}", response=UserOut)
@administrator
def change_user(request: Request, username: str, wanted: UserPatch) -> UserOut:
    """Roles, password, or whether it is active: all that is given, or nothing."""
    user = people.change(
        request.user,
        username,
        roles=None if wanted.grants is None else roles_in(wanted.grants),
        active=wanted.active,
        password=wanted.password,
        revoke_tokens=wanted.revoke_tokens,
        confirmation=wanted.confirmation,
    )
    return user_out(user)


@router.delete("users/{username}", response={204: None})
@administrator
def remove_user(request: Request, username: str, wanted: Confirmation | None = None) -> None:
    """Remove the account; what it did stays in the audit trail."""
    people.delete(request.user, username, confirmation=wanted.password if wanted else "")


@router.get("tokens", response=ListOf[TokenOut])
@signed_in
def list_tokens(request: Request, filters: Query[Filters]) -> ListOf[TokenOut]:
    """The user's own tokens."""
    tokens = selectors.tokens_of(request.user)
    for word in filters.q.split():
        tokens = tokens.filter(name__icontains=word)
    column, descending = sort_field(filters.sort, TOKEN_COLUMNS, "-id")
    page = filters.page_of(tokens.count())
    order = f"{'-' if descending else ''}{TOKEN_COLUMNS[column]}"
    rows = tokens.order_by(order, "pk")[page.start : page.stop]
    return listed(TokenOut, [token_out(token) for token in rows], page, as_of_now())


@router.post("tokens", response={201: NewToken})
@signed_in
def add_token(request: Request, wanted: TokenBody) -> NewToken:
    """A new token, told this once. A token makes only tokens that can do no more than itself."""
    row, token = people_tokens.create_token(
        request.user,
        wanted.name,
        wanted.scope,
        hosts=wanted.hosts,
        expires=instant(wanted.expires, field="expires") if wanted.expires else None,
        confirmation=wanted.password,
    )
    return NewToken(id=row.pk, token=token, expires=row.expires)


@router.delete("tokens/{int:token_id}", response={204: None})
@signed_in
def revoke_token(request: Request, token_id: int) -> None:
    """End one of the user's own tokens at once."""
    services.revoke_token(request.user, token_id)
