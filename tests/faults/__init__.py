"""Faults made on purpose in a real installation of our own, and an independent checker of what must hold then."""
