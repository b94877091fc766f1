"""What products differ in, as facts 9 to 14, 18 to 26, 43 to 49 and 56 of registries.md say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """Without any of it: distribution 3, open to everybody."""

    catalog: int = 200  # the status of its catalogue; another than 200 refuses
    most_page: int = 0  # more names per page than this are refused with 400; 0: none are
    tags_page: bool = True  # 2.8 gives all tags at once, in no order
    opaque_links: bool = False  # next_page=… in place of last=…, on an address inside
    deletes: bool = True
    untags: bool = True
    referrers: bool = False
    auth: str = "none"  # none, basic or bearer
    service: str = ""
    realm_path: str = "/token"
    foreign_realm: bool = False  # its tokens come from another server
    anonymous: int = 200  # what its token service answers to nobody
    lists_for: str = ""  # the one account that gets registry:catalog:*; "*" for all
    refuses_unknown: bool = False  # 401 for a repository that is not there, as if it were secret
    budget: bool = False  # tells how many pulls are left
    serves: str = "/"  # of a mirror: root "/", a prefix "/hub-cache/", or "ns"


ROBOT = "robot$deploy+web"  # a name that must survive forms and headers
SECRET = "päss:word"
