"""Cameras on the network, found by ONVIF where a person asks for it."""
