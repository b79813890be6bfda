"""What a table says it was measured on."""
import torch

from mmseg_ext.benchmark.machine import describe_device, describe_machine


def test_the_device_of_a_tables_head():
    device, version = describe_device().split(', torch ')
    assert version == torch.__version__
    if torch.cuda.is_available():
        assert device == describe_machine()['device']
    else:
        assert device == f'CPU, {torch.get_num_threads()} threads'
