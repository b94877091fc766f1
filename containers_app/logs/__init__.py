"""Logs of containers: one stream of each however many look, read back, searched, downloaded."""
