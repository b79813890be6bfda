"""Errors of the patches, where nothing has to be imported for them."""
from mmseg_ext.basics.user_error import UserError


class UntrustedCheckpointError(UserError, RuntimeError):
    """A checkpoint asks to run code, and nobody has said to trust it."""


class DamagedCheckpointError(UserError, RuntimeError):
    """A file cannot be read as a checkpoint."""
