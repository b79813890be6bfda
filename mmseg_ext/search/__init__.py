"""Search for an architecture."""
