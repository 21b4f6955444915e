"""One command that starts, watches and stops everything a VMS on one machine needs."""
