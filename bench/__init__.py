"""How fast the dashboard is, each figure beside its baseline in the same run: `make bench`."""
