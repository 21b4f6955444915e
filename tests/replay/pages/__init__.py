"""The pages of played footage."""
