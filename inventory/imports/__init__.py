"""Cameras out of a table: read, compared with what is there, and applied as it was shown."""
