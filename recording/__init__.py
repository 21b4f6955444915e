"""What footage is wanted."""
