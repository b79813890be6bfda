"""Self-training: whose average teaches, what is mixed, and what it weighs."""
import copy

import pytest
import torch
import torch.nn.functional as F
from domain_batches import (
    SIZE,
    assert_is_the_plain_one_to_all_others,
    batch,
    build,
    trained,
)
from training_wrappers import TrainingWrapperTests

from mmseg_ext.models.segmentors.mean_teacher import MeanTeacher
from mmseg_ext.ops import block_mask, class_mask, rectangle_mask

KIND = 'SelfTrainingEncoderDecoder'
PLAIN = dict(jitter=0, blur=0)


class TestSelfTrainingEncoderDecoder(TrainingWrapperTests):
    kind = KIND


def student(**kwargs):
    return build(KIND, **kwargs)


def probabilities(net, images):
    logits = net.decode_head(net.extract_feat(images))
    return F.interpolate(logits, images.shape[2:], mode='bilinear').softmax(1)


def test_is_the_plain_segmentor_but_for_training():
    net = student()
    net.train().loss(*batch())
    assert_is_the_plain_one_to_all_others(net, build())
    counts = [sum(p.numel() for p in each.parameters())
              for each in (net, build())]
    assert counts[0] == counts[1]  # the teacher is in no optimizer
    assert copy.deepcopy(net).training_state() == {}


@pytest.mark.parametrize('alpha', [0.6, 0.999])
def test_the_average_is_the_papers(alpha):
    net = build()
    teacher = MeanTeacher(alpha)
    name = 'backbone.layer1.0.conv1.weight'
    norm = 'backbone.layer1.0.bn1.running_mean'
    expected = None
    for t in range(6):
        torch.manual_seed(t)
        with torch.no_grad():
            now = [net.state_dict()[key].normal_() for key in (name, norm)]
        teacher.update(net)
        keep = min(1 - 1 / (t + 1), alpha)
        expected = [value.clone() if expected is None else
                    keep * old + (1 - keep) * value
                    for old, value in zip(expected or now, now)]
        state = teacher.state_dict()
        for key, value in zip((name, norm), expected):
            torch.testing.assert_close(state[f'module.{key}'], value)
    assert state['steps'] == 6


def test_a_state_is_gone_on_from():
    one, other = build(), build()
    teachers = [MeanTeacher(0.9), MeanTeacher(0.9)]
    for _ in range(3):
        torch.nn.init.normal_(one.decode_head.conv_seg.weight)
        teachers[0].update(one)
    teachers[1].load_state_dict(
        {key: value.clone()
         for key, value in teachers[0].state_dict().items()})
    assert teachers[1].state_dict().keys() == teachers[0].state_dict().keys()
    other.load_state_dict(one.state_dict())
    for teacher, net in zip(teachers, (one, other)):
        teacher.update(net)
    states = [teacher.state_dict() for teacher in teachers]
    for key, value in states[0].items():
        assert torch.equal(states[1][key], value), key


def test_the_teacher_drops_nothing_out():
    net = build()
    net.decode_head.dropout = torch.nn.Dropout2d(0.9)
    teacher = MeanTeacher(0.9)
    teacher.update(net.train())
    images = batch()[0]
    assert torch.equal(teacher(images), teacher(images))
    # normalised by the batch
    assert not torch.allclose(teacher(images)[:1], teacher(images[:1]))


def test_without_confidence_it_is_training_on_the_source():
    weights = trained(student(threshold=1.0, mix=None, mask_ratio=0.5))
    for name, value in trained(build(), source_alone=True).items():
        assert torch.equal(weights[name], value), name


@pytest.mark.parametrize('mix', ['class', 'rectangle', None])
def test_losses_are_those_that_are_written(mix):
    net = student(mix=mix, threshold=0.36, mask_ratio=0.5, **PLAIN).train()
    images, samples = batch()
    source, target = images[:2], images[2:]
    labels = torch.cat([s.gt_sem_seg.data for s in samples[:2]])
    torch.manual_seed(6)
    found = net.loss(images, samples)
    # at the first step the teacher is the student
    torch.manual_seed(6)
    confidence, taught = probabilities(net, target).max(1)
    q = (confidence > 0.36).float().mean((1, 2))
    assert ((q > 0) & (q < 1)).all()
    weight = q[:, None, None].expand(2, *SIZE).clone()
    images, classes, weights = target.clone(), taught.clone(), weight.clone()
    if mix is not None:
        pasted = (class_mask(labels) if mix == 'class' else
                  rectangle_mask(2, *SIZE))
        for i in range(2):
            images[i, :, pasted[i]] = source[i, :, pasted[i]]
        classes[pasted], weights[pasted] = labels[pasted], 1
    torch.rand(3, 2), torch.rand(2), torch.rand(2, 2)  # jitter and blur

    def loss(images, classes, weights):
        seen = probabilities(net, images).log()
        known = classes.where(classes != 255, 0)
        picked = -seen.gather(1, known[:, None])[:, 0]
        return (picked * weights * (classes != 255)).mean()

    torch.testing.assert_close(found['self_training.loss_mix'],
                               loss(images, classes, weights))
    torch.rand(3, 2), torch.rand(2), torch.rand(2, 2)
    erased = target * ~block_mask(2, *SIZE, 8, 0.5)[:, None]
    torch.testing.assert_close(found['self_training.loss_masked'],
                               loss(erased, taught, weight))
    torch.testing.assert_close(found['self_training.q'], q.mean())
    torch.testing.assert_close(found['self_training.confidence'],
                               confidence.mean())
    logged = net.parse_losses(found)[1]
    assert {'self_training.q', 'self_training.confidence'} < {*logged}


def test_padding_is_not_learned():
    net = student(mix=None, threshold=0.0, **PLAIN).train()
    images, samples = batch()
    samples[2].set_metainfo(dict(padding_size=(0, 16, 0, 32)))
    found = net.loss(images, samples)
    seen = probabilities(net, images[2:]).max(1).values
    parts = [seen[0, :32, :48].flatten(), seen[1].flatten()]
    assert found['self_training.q'] == 1
    torch.testing.assert_close(found['self_training.confidence'],
                               torch.cat(parts).mean())
    expected = -sum(part.log().sum() for part in parts) / (2 * 64 * 64)
    torch.testing.assert_close(found['self_training.loss_mix'], expected)


def test_other_numbers_of_each_domain():
    net = student(mask_ratio=0.5).train()
    for counts in ((1, 3), (3, 1)):
        total = net.parse_losses(net.loss(*batch(*counts)))[0]
        total.backward()
        assert total.isfinite()


def test_grey_levels_are_changed_within_what_they_can_be():
    net = student(jitter=1.0, blur=2.0)
    levels = torch.rand(8, 1, 20, 30).expand(8, 3, 20, 30) * 255
    mean, std = net.data_preprocessor.mean, net.data_preprocessor.std
    torch.manual_seed(0)
    found = net._augment((levels - mean) / std) * std + mean
    assert found.min() > -1e-3 and found.max() < 255 + 1e-3
    torch.testing.assert_close(found[:, :1].expand_as(found), found,
                               atol=1e-3, rtol=0)  # grey stays grey
    assert not torch.allclose(found, levels, atol=1)
    net.jitter = net.blur = 0
    assert torch.equal(net._augment(levels), levels)


@pytest.mark.parametrize('threshold, count', [(1.0, 1), (0.0, 0)])
def test_a_teacher_that_is_never_sure_is_told(threshold, count, monkeypatch):
    told = []
    monkeypatch.setattr(
        'mmseg_ext.models.segmentors.self_training.print_log',
        lambda text, **kwargs: told.append(text))
    monkeypatch.setattr(
        'mmseg_ext.models.segmentors.self_training.WATCHED', 3)
    net = student(threshold=threshold, mix=None).train()
    for _ in range(5):
        found = net.loss(*batch())
    assert len(told) == count
    for text in told:
        assert f'{float(found["self_training.confidence"]):.3f}' in text


@pytest.mark.parametrize('domains', [
    (None, None), ('source', 'source'), ('target', 'target'),
    ('source', 'target', None)])
def test_batches_have_to_be_of_both_domains(domains):
    images, samples = batch(len(domains), 0)
    for sample, domain in zip(samples, domains):
        sample.set_metainfo(dict(domain=domain))
    with pytest.raises(ValueError, match=r'both are needed.*DomainBatchSamp'):
        student().train().loss(images, samples)


@pytest.mark.parametrize('arguments', [
    dict(alpha=1.0), dict(alpha=0), dict(threshold=1.1), dict(mix='half'),
    dict(mask_ratio=-0.1), dict(mask_block=0), dict(jitter=2),
    dict(blur=-1), dict(blur=float('nan'))])
def test_bad_arguments(arguments):
    name, = arguments
    with pytest.raises(ValueError, match=f'{name}='):
        student(**arguments)


def test_a_head_without_logits(monkeypatch):
    net = student().train()
    monkeypatch.setattr(net.decode_head, 'forward', lambda x: (x, x))
    with pytest.raises(ValueError, match='has no logits'):
        net._cross_entropy(batch()[0], None, None)
