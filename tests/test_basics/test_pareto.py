"""Points that no other one beats."""
from mmseg_ext.basics.pareto import undominated


def test_undominated():
    points = [(50, -1, -1), (50, -1, -2), (55, -2, -1), (40, -0.5, -1),
              (50, -1, -1), (39, -0.5, -1)]
    assert undominated(points) == [0, 2, 3, 4]
