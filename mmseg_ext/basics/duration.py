"""A length of time in words."""


def format_duration(seconds: float) -> str:
    """Return a time such as '9 s', '2 min 05 s' or '3 h 20 min'."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f'{hours} h {minutes:02} min'
    return f'{minutes} min {whole % 60:02} s' if minutes else f'{whole} s'
