"""How moments are written on our pages, by language: one way, by 24 hours, as the scripts beside them do."""
