"""The administration of gaps and coverage."""
