"""What is changed in registries: copies between them, tags and images removed."""
