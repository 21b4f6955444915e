"""Work of alarms that beat starts."""
