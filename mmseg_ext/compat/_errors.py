"""Errors of the patches, where nothing has to be imported for them."""


class UntrustedCheckpointError(RuntimeError):
    """A checkpoint asks to run code, and nobody has said to trust it."""
