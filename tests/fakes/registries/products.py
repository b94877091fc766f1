"""Each product by name: its ways, and what a check of it finds."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from registries_app.protocol.targets import Target
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.fakes.registries import native
from tests.fakes.registries.protocol import Protocol
from tests.fakes.registries.store import Store
from tests.fakes.registries.tokens import token
from tests.fakes.registries.traits import ROBOT, SECRET, Traits

OLD = Traits(most_page=1000, tags_page=False, untags=False)  # distribution 2.8
PRODUCTS = {
    "hub": Traits(
        auth="bearer", service="registry.docker.io", foreign_realm=True, budget=True,
        deletes=False, refuses_unknown=True,
    ),
    "ghcr": Traits(auth="bearer", service="ghcr.io", catalog=404, deletes=False),
    "quay": Traits(
        auth="bearer", service="quay.io", realm_path="/v2/auth", lists_for="*",
        opaque_links=True, referrers=True,
    ),
    "gitlab": Traits(
        auth="bearer", service="container_registry", realm_path="/jwt/auth", anonymous=403,
        foreign_realm=True,
    ),
    "harbor": Traits(
        auth="bearer", service="harbor-registry", realm_path="/service/token", referrers=True,
    ),
    "harbor-admin": Traits(
        auth="bearer", service="harbor-registry", realm_path="/service/token", referrers=True,
        lists_for=ROBOT,
    ),
    "distribution-2.8": OLD,
    "distribution-2.8-basic": Traits(
        most_page=1000, tags_page=False, untags=False, auth="basic", deletes=False,
    ),
    "distribution-3": Traits(most_page=1000),
    "mirror-root": Traits(deletes=False, untags=False),
    "mirror-prefix": Traits(deletes=False, untags=False, serves="/hub-cache/", catalog=401),
    "mirror-ns": Traits(deletes=False, untags=False, serves="ns", catalog=404),
}  # fmt: skip
NATIVE = {"harbor": native.harbor, "harbor-admin": native.harbor, "gitlab": native.gitlab}


@dataclass
class Product:
    """A running registry: what it holds, where it is, and what was asked of it."""

    name: str
    store: Store
    traits: Traits
    protocol: Protocol
    fake: Fake
    realm: str = ""  # the origin of its token service, where that is another
    tokens: list[Asked] = field(default_factory=list)  # asked of that one

    @property
    def url(self) -> str:
        return self.fake.url

    @property
    def address(self) -> str:
        """As the registry part of an image reference."""
        return self.url.partition("://")[2]

    @property
    def asked(self) -> list[Asked]:
        return self.fake.asked

    def target(self, username: str = ROBOT, password: str = SECRET) -> Target:
        """As an administrator would have entered it; with "" and "" for nobody."""
        if self.traits.auth == "none":
            username = password = ""
        realms = (self.realm,) if self.realm else ()
        ns = "docker.io" if self.traits.serves == "ns" else ""
        return Target(self.url, username, password, realms=realms, ns=ns)


@contextmanager
def product(name: str, store: Store | None = None) -> Iterator[Product]:
    """That product, holding `store`, until the block ends."""
    traits, held = PRODUCTS[name], store or Store()
    protocol = Protocol(held, traits)

    def answer(asked: Asked, fake: Fake) -> Reply:
        if name == "hub" and (own := native.hub(asked, held, fake.url)):
            return own
        if name in NATIVE and (own := NATIVE[name](asked, held)):
            return own
        return protocol.reply(asked, fake.url)

    with ExitStack() as stack:
        made = Product(name, held, traits, protocol, stack.enter_context(hostile(answer)))
        if traits.foreign_realm:
            service = stack.enter_context(hostile(lambda asked, _fake: token(asked, traits)))
            made.realm, made.tokens = service.url, service.asked
            protocol.realm = f"{service.url}{traits.realm_path}"
        yield made
