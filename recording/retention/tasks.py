"""Work of retention that beat starts."""
