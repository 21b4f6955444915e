"""Who may publish a camera's picture into MediaMTX, and who may watch it there."""
