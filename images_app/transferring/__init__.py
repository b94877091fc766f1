"""Images that move: pulled, pushed, loaded, saved, sent from host to host."""
