"""The ring: what is promised of footage, and what goes when."""
