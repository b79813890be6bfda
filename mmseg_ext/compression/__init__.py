"""Smaller and faster models."""
