"""Footage played back: timelines, playlists, bytes, pictures of a moment."""
