"""How registries are spoken to: the distribution protocol, its guards, its manifests. No rows."""
