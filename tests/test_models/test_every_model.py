"""Whatever is registered goes through the tests of every model."""
from pathlib import Path

import pytest
from mmseg.registry import MODELS

import mmseg_ext.models  # noqa: F401  to be looked through below

ROOT = 'mmseg_ext.models.'
OURS = {
    name: model.__module__
    for name, model in MODELS.module_dict.items()
    if model.__module__.startswith(ROOT)
    and not model.__module__.startswith(f'{ROOT}losses.')
}


def test_models_are_found():
    assert len(OURS) > 6


@pytest.mark.parametrize('name', OURS)
def test_has_a_class_of_tests(name):
    room, _, module = OURS[name].removeprefix(ROOT).rpartition('.')
    path = Path(__file__).parent / f'test_{room}' / f'test_{module}.py'
    text = path.read_text(encoding='utf-8')
    assert any(f'class Test{name}({form})' in text for form in (
        'ModelTests', 'UpstreamTests', 'TrainingWrapperTests'))
