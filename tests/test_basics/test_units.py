"""Values of images that belong together."""
import numpy as np

from mmseg_ext.basics.units import mean_units, sum_units


def test_values_of_units():
    values = np.array([[1.0, 2], [3, np.nan], [5, np.nan]])
    assert sum_units(values[:, 0], ['a', 'b', 'a']).tolist() == [6, 3]
    found = mean_units(values, ['a', 'b', 'a'])
    np.testing.assert_array_equal(found, [[3, 2], [3, np.nan]])
