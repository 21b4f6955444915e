"""The operator's list of cameras: found, added, tested, imported, switched in bulk."""
