"""How a camera's picture gets into MediaMTX."""
