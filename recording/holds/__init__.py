"""Holds: footage that no rule may delete."""
