"""The page that says how a city's cameras, disks and services are just now, and keeps saying it."""
