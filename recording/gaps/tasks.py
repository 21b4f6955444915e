"""Work of gaps and coverage that beat starts."""
