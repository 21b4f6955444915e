"""The pages on which footage is played."""
