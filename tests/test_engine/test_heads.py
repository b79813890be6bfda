"""Values of all heads, whatever the form of the auxiliary ones."""
import pytest

from mmseg_ext.engine import set_in_heads


@pytest.mark.parametrize('auxiliary', [
    None, dict(num_classes=19, loss_decode=dict(type='A', loss_weight=0.4)),
    [dict(num_classes=19, loss_decode=dict(type='A', loss_weight=0.4)),
     dict(num_classes=19)]])
def test_sets_all_heads_and_leaves_the_model_as_it_was(auxiliary):
    model = dict(decode_head=dict(num_classes=19), auxiliary_head=auxiliary)
    found = set_in_heads(model, num_classes=2, loss_decode=dict(type='B'))
    assert found['decode_head'] == dict(
        num_classes=2, loss_decode=dict(type='B'))
    assert model['decode_head'] == dict(num_classes=19)
    heads = found['auxiliary_head']
    if isinstance(auxiliary, list):
        assert heads[1] == found['decode_head']
        heads = heads[0]
    assert auxiliary is None or heads == dict(
        num_classes=2, loss_decode=dict(type='B', loss_weight=0.4))


def test_another_type_has_other_arguments():
    head = dict(loss_decode=dict(type='A', use_sigmoid=False, loss_weight=2.))
    for options, expected in (
            (dict(type='B', power=3), dict(type='B', power=3, loss_weight=2.)),
            (dict(power=3), dict(type='A', use_sigmoid=False, power=3,
                                 loss_weight=2.))):
        found = set_in_heads(dict(decode_head=head), loss_decode=options)
        assert found['decode_head']['loss_decode'] == expected


def test_keys_cannot_be_set_in_a_list_of_losses():
    head = dict(type='FCNHead', loss_decode=[dict(type='A'), dict(type='B')])
    with pytest.raises(ValueError, match=r'loss_decode of FCNHead is .*head '
                       'by head'):
        set_in_heads(dict(decode_head=head), loss_decode=dict(type='C'))
