"""The pages of the list of cameras."""
