"""The administration of retention."""
