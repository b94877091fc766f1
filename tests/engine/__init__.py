"""How our client and the fake engine agree with a real one, and how they fail."""
