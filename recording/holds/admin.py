"""The administration of holds."""
