"""Pictures made of footage: of a moment, previews of a segment, and what browsers can play of what they cannot."""
