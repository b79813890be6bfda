"""What the user can put right."""


class UserError(Exception):
    """An error whose text says what was found, where, and what to do.

    A base beside a built-in exception; OSError, ValueError and ImportError
    are taken for one by commands without it.
    """
