"""Postgres as Django knows it, told before each statement which cities are in scope."""
