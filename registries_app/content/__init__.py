"""What is in registries: repositories, tags and images as last read, and reading them."""
