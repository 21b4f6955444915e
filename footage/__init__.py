"""Footage as files: where segments lie, what an fMP4 segment holds, and its index in a few bytes; knows no Django."""
