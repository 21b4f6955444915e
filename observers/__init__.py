"""What is happening in MediaMTX."""
