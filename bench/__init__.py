"""Measurements of our own work against what a plain program would need for the same."""
