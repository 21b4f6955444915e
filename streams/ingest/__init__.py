"""The ingest: pulls the pictures of cameras that do not publish by themselves and hands them to MediaMTX."""
