"""What a real engine does, asked of the fake one too."""
