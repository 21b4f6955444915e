"""Tests of played footage."""
