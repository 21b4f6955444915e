"""Work of holds that beat starts."""
