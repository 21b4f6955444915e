"""Groups of cameras, and the members who see only the cameras of theirs."""
