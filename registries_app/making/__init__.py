"""A registry of one's own, made on a host, and what each engine needs to trust it."""
