"""How the classifier of a head starts."""


def classifier_init(channels: int) -> dict:
    """Return an ``init_cfg`` that draws logits of deviation about 1.

    mmseg draws ``conv_seg`` from N(0, 0.01), whatever is before it. With 256
    channels that is usual. Behind the 16 of a narrow decoder, normalised,
    the logits begin at a deviation of 0.04, and hundreds of steps of plain
    cross-entropy go into making the classifier grow, while everything before
    it gets next to no gradient: the loss stays at that of the classes'
    frequencies. By 1 / sqrt(channels) the logits' deviation is that of the
    features.

    Args:
        channels: Before the classifier.
    """
    return dict(
        type='Normal', std=channels**-0.5, override=dict(name='conv_seg'))
