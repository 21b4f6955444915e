"""Gaps and coverage: what cannot be replayed, and why."""
