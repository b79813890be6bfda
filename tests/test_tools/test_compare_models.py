"""tools/compare_models.py: what it refuses before it reads anything."""
import pytest
from run_tool import run_tool


@pytest.mark.parametrize(('models', 'sentence'), [
    (['one'], 'name two models or more'),
    (['a/one', 'b/one'], 'two models have the same name'),
    (['a=one', 'b=./one'], 'two names are of the same folder'),
])
def test_refuses(repository, tmp_path, capfd, models, sentence):
    text, reason = run_tool(
        repository / 'tools/compare_models.py', *models, cwd=tmp_path)
    assert sentence in f'{text}{reason}{capfd.readouterr().err}'
