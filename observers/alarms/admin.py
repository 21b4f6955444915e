"""The administration of alarms."""
