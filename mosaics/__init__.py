"""Walls of cameras on a screen."""
