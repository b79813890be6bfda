"""Without the extra there is nothing to test here."""
import pytest

pytest.importorskip('optuna')
