"""Images that are made: Dockerfiles judged before they are sent, contexts, builds, steps."""
