"""Everything about MediaMTX itself: its API, its names, its configuration, its hook and its binary; knows no Django."""
