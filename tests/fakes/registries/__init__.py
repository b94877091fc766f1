"""Registries of each product, answering as registries.md says of it, over HTTP on loopback.

    with product("harbor") as harbor:
        digest = harbor.store.image("shop/web", "1", "latest")
        with Client(harbor.target()) as client: …

`PRODUCTS` names them all, with what a check of each finds. They hold images in memory and note
every request (`harbor.asked`). For pushes there is tests.fakes.oci.
"""

from tests.fakes.registries.products import PRODUCTS, Product, product
from tests.fakes.registries.store import Store, digest_of

__all__ = ["PRODUCTS", "Product", "Store", "digest_of", "product"]
