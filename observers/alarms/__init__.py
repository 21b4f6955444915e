"""Alarms: what is wrong now, derived anew at every look."""
