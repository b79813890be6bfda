"""How a tool names another."""
import sys

from mmseg_ext.basics import command_for


def test_a_tool_is_called_as_this_one_was(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['tools/train.py', 'x'])
    assert command_for('test') == 'python tools/test.py'
    monkeypatch.setattr(sys, 'argv', ['/my house/tools/train.py'])
    assert command_for('test') == "python '/my house/tools/test.py'"
    monkeypatch.setattr(sys, 'argv', ['/usr/bin/mmseg-ext', 'train'])
    assert command_for('test') == 'mmseg-ext test'
