"""Stand-ins with scripted faults: an engine that never was, and a wire that misbehaves."""
