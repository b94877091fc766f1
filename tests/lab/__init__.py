"""Private engines and registries for tests; nothing here touches an engine it did not start."""
