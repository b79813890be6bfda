"""Distillation: what is learned from whom, and what stays the plain model."""
import copy
import logging

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from tiny_segmentor import tiny_config, write_weights
from training_wrappers import TrainingWrapperTests

from mmseg_ext.engine.heads import set_in_heads
from mmseg_ext.models import PixelDistillLoss
from mmseg_ext.models.segmentors.teacher import renormalize

SIZE = (40, 56)
CLASSES = ('matrix', 'carbide', 'pore')
AUXILIARY = dict(
    type='FCNHead', in_channels=4, in_index=0, channels=4, num_convs=1,
    num_classes=3, norm_cfg=dict(type='BN'),
    loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4))
MIT = dict(
    backbone=dict(
        _delete_=True, type='FusedMixVisionTransformer', embed_dims=4,
        num_stages=2, num_layers=[1, 1], num_heads=[1, 2],
        patch_sizes=[7, 3], strides=[4, 2], sr_ratios=[8, 1],
        out_indices=(0, 1), enlarge=2))


class TestDistillEncoderDecoder(TrainingWrapperTests):
    kind = 'DistillEncoderDecoder'


@pytest.fixture(scope='module')
def teachers(tmp_path_factory):
    """Write teachers by name: ``dict(config=, checkpoint=)``."""
    folder = tmp_path_factory.mktemp('teachers')

    def write(name: str, classes=CLASSES, model=None, **arguments) -> dict:
        cfg = tiny_config(**arguments)
        cfg.merge_from_dict(dict(model=model or {}))
        config, checkpoint = folder / f'{name}.py', folder / f'{name}.pth'
        cfg.dump(config)
        write_weights(cfg, checkpoint)
        loaded = torch.load(checkpoint)
        loaded['meta'] = dict(dataset_meta=dict(classes=classes))
        torch.save(loaded, checkpoint)
        return dict(config=str(config), checkpoint=str(checkpoint))

    return write


@pytest.fixture(scope='module')
def teacher(teachers):
    return teachers('plain')


def student(teacher=None, model=None, head=None, **distill):
    """Build a student; without a teacher the plain segmentor."""
    init_default_scope('mmseg')
    cfg = tiny_config(**(head or {})).model
    cfg.auxiliary_head = copy.deepcopy(AUXILIARY)
    if head:
        cfg = set_in_heads(cfg, **head)
    cfg.update(model or {})
    if teacher is not None:
        cfg.update(type='DistillEncoderDecoder', teacher=teacher,
                   distill=distill)
    torch.manual_seed(3)
    net = MODELS.build(cfg)
    torch.manual_seed(4)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    return net


def batch(labelled=(True, True)):
    """Images as a preprocessor returns them, and samples."""
    torch.manual_seed(5)
    samples = []
    for known in labelled:
        mask = torch.randint(0, 3, (1, *SIZE))
        mask[:, :7] = 255
        if not known:
            mask[:] = 255
        samples.append(SegDataSample(gt_sem_seg=PixelData(data=mask)))
    return torch.randn(len(labelled), 3, *SIZE), samples


def logits_of(net, images):
    return net.decode_head(net.extract_feat(images))


def truth(net, teacher, images, samples, temperature=1.0):
    """Pixel distillation of the labelled pixels, written out."""
    own = logits_of(net, images)
    taught = F.interpolate(
        logits_of(teacher, images), own.shape[2:], mode='bilinear')
    labels = torch.stack([sample.gt_sem_seg.data for sample in samples])
    labels = F.interpolate(labels.float(), own.shape[2:], mode='nearest')
    p, q = ((x / temperature).softmax(1) for x in (taught, own))
    kl = (p * (p.log() - q.log())).sum(1)
    return temperature**2 * kl[labels[:, 0] != 255].mean()


def test_is_the_plain_segmentor_but_for_training(teacher):
    distilled = student(teacher, feature=dict())
    plain = student()
    assert {*distilled.state_dict()} == {*plain.state_dict()}
    plain.load_state_dict(distilled.state_dict(), strict=True)
    distilled.load_state_dict(plain.state_dict(), strict=True)
    images, samples = batch()
    distilled.loss(images, samples)
    assert {*distilled.state_dict()} == {*plain.state_dict()}
    # an average of the weights has no teacher of its own
    average = ExponentialMovingAverage(distilled)
    assert average.module.teachers[0] is distilled.teachers[0]
    counts = [sum(p.numel() for p in net.parameters())
              for net in (distilled, plain)]
    assert counts[0] - counts[1] == distilled.align.weight.numel() + 8


def test_predicts_without_the_teacher():
    nowhere = dict(config='nowhere.py', checkpoint='nowhere.pth')
    net = student(nowhere, feature=dict()).eval()
    images, samples = batch()
    torch.testing.assert_close(
        net(images, mode='tensor'), student().eval()(images, mode='tensor'))
    with pytest.raises(FileNotFoundError, match=r'The teacher: .*nowhere\.py'):
        net.loss(images, samples)
    with pytest.raises(ValueError, match='has no teacher: --distill'):
        student([]).loss(images, samples)


def test_losses_of_the_masks_alone_are_the_plain_ones(teacher):
    images, samples = batch()
    found = []
    for net in (student(), student(teacher, alpha=1.0)):
        torch.manual_seed(6)  # of dropout
        losses = net.train().loss(images, samples)
        net.parse_losses(losses)[0].backward()
        found.append((losses, [p.grad for p in net.parameters()]))
    (plain, wanted), (distilled, grads) = found
    assert distilled.pop('distill.loss_kd') == 0
    assert 0 <= distilled.pop('distill.teacher_acc') <= 100
    torch.testing.assert_close(distilled, plain)
    torch.testing.assert_close(grads, wanted)


def test_both_losses_are_weighted(teacher):
    images, samples = batch()
    net = student(teacher, alpha=0.25).eval()
    plain = student().eval().loss(images, samples)
    losses = net.loss(images, samples)
    for name in ('decode.loss_ce', 'aux.loss_ce'):
        torch.testing.assert_close(losses[name], 0.25 * plain[name])
    torch.testing.assert_close(
        losses['distill.loss_kd'],
        0.75 * truth(net, net.teachers[0].load(), images, samples))
    torch.testing.assert_close(losses['decode.acc_seg'],
                               plain['decode.acc_seg'])


def test_a_pruned_student_learns(teacher):
    widths = {'decode_head.convs.0.conv.weight': [3, 8, 3, 3],
              **{f'decode_head.convs.0.bn.{name}': [3] for name in (
                  'weight', 'bias', 'running_mean', 'running_var')},
              'decode_head.conv_cat.conv.weight': [4, 11, 3, 3],
              'decode_head.conv_seg.weight': [3, 4, 1, 1]}
    pruned = student(model=dict(type='PrunedEncoderDecoder', widths=widths))
    model = student(teacher, dict(widths=widths))
    assert ({name: value.shape for name, value in model.state_dict().items()}
            == {name: value.shape
                for name, value in pruned.state_dict().items()})
    model.loss(*batch())['distill.loss_kd'].backward()
    assert model.decode_head.convs[0].conv.weight.grad.abs().sum() > 0


def test_nothing_to_learn_from_oneself(teacher):
    net = student(teacher, feature=dict()).eval()
    net.load_state_dict(net.teachers[0].load().state_dict(), strict=False)
    torch.nn.init.dirac_(net.align.weight)
    torch.nn.init.zeros_(net.align.bias)
    losses = net.loss(*batch())
    for name in ('distill.loss_kd', 'distill.loss_feature'):
        assert losses[name].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('arguments', [
    dict(mean=[90., 100., 110.], std=[40., 50., 30.], bgr_to_rgb=False),
    dict(mean=None, std=None)])
def test_images_are_normalised_as_the_teacher_knows_them(arguments):
    init_default_scope('mmseg')
    known = tiny_config().model.data_preprocessor
    known, wanted = (
        MODELS.build(dict(known, size=SIZE, **more))
        for more in ({}, arguments))
    image = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8)
    seen = [which(dict(inputs=[image.clone()], data_samples=[
        SegDataSample()]), training=True)['inputs']
        for which in (known, wanted)]
    torch.testing.assert_close(renormalize(seen[0], known, wanted), seen[1],
                               rtol=1e-4, atol=1e-4)
    assert renormalize(seen[0], known, known) is seen[0]


def test_the_teacher_pads_what_it_cannot_divide(teachers):
    entry = teachers('padded', data_preprocessor=dict(size_divisor=32))
    net = student(entry).eval()
    images, _ = batch()
    logits, _ = net.teachers[0](images, net.data_preprocessor)
    whole = net.teachers[0].load()
    expected = F.interpolate(
        logits_of(whole, F.pad(images, (0, 8, 0, 24))), (64, 64),
        mode='bilinear')
    torch.testing.assert_close(logits, expected[..., :40, :56])
    assert net.loss(*batch())['distill.loss_kd'] > 0


@pytest.mark.parametrize('model', [
    MIT, dict(backbone=dict(strides=(1, 1)))], ids=['enlarge=2', 'stride 4'])
def test_other_architectures_and_strides(teachers, model):
    entry = teachers(f'other{len(model["backbone"])}', model=model)
    net = student(entry, feature=dict(teacher_index=0))
    images, samples = batch()
    losses = net.loss(images, samples)
    net.parse_losses(losses)[0].backward()
    assert losses['distill.loss_kd'] > 0
    assert losses['distill.loss_feature'] > 0
    assert net.align.weight.grad.any()


@pytest.mark.parametrize('one, other', [(1, 2), (2, 1), (1, 1)])
def test_one_channel_is_two_logits(teachers, one, other):
    heads = [dict(num_classes=2) if channels == 2 else
             dict(num_classes=2, out_channels=1, threshold=0.5,
                  loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
             for channels in (one, other)]
    entry = teachers(f'binary{one}', classes=None, **heads[0])
    net = student(entry, head=heads[1]).eval()
    images, samples = batch()
    for sample in samples:
        sample.gt_sem_seg.data[sample.gt_sem_seg.data == 2] = 1
    losses = net.loss(images, samples)
    own, taught = (
        torch.cat([0 * z, z], 1) if z.shape[1] == 1 else z
        for z in (logits_of(net, images),
                  logits_of(net.teachers[0].load(), images)))
    valid = F.interpolate(
        torch.stack([s.gt_sem_seg.data for s in samples]).float(),
        own.shape[2:])[:, 0] != 255
    torch.testing.assert_close(losses['distill.loss_kd'],
                               0.5 * PixelDistillLoss()(own, taught, valid))


@pytest.mark.parametrize('weights', [None, [1.0, 4.0, 2.0]])
def test_images_without_a_label_are_imitated(teacher, weights):
    head = dict(loss_decode=dict(type='CrossEntropyLoss',
                                 class_weight=weights))
    images, samples = batch((True, False))
    if weights:  # mmseg's own divisor fails at ignored pixels
        samples[0].gt_sem_seg.data.clamp_(max=2)
    net = student(teacher, head=head).eval()
    mixed = net.loss(images, samples)
    known = net.loss(images[:1], samples[:1])
    alone = net.loss(images[1:], samples[1:])
    for name in ('decode.loss_ce', 'aux.loss_ce'):
        torch.testing.assert_close(mixed[name], known[name] / 2)
        assert alone[name] == 0
    assert 'distill.teacher_acc' not in alone
    every = PixelDistillLoss()(
        logits_of(net, images[1:]),
        logits_of(net.teachers[0].load(), images[1:]))
    torch.testing.assert_close(alone['distill.loss_kd'], every)
    # as from a data set that has no masks at all
    del samples[1].gt_sem_seg
    again = net.loss(images, samples)
    torch.testing.assert_close(again, mixed)
    net.parse_losses(alone)[0].backward()
    assert all(p.grad is not None and p.grad.isfinite().all()
               for p in net.parameters())


def test_several_teachers_are_their_mean_probability(teachers, teacher):
    entries = [teacher, teachers('second', model=dict(
        backbone=dict(strides=(1, 1))))]
    net = student(entries, loss=dict(
        type='PixelDistillLoss', temperature=1.0)).eval()
    images, samples = batch()
    own = logits_of(net, images)
    mean = sum(
        F.interpolate(logits_of(one.load(), images), own.shape[2:],
                      mode='bilinear').softmax(1) for one in net.teachers) / 2
    labels = torch.stack([s.gt_sem_seg.data for s in samples]).float()
    valid = F.interpolate(labels, own.shape[2:])[:, 0] != 255
    expected = PixelDistillLoss(1.0)(own, mean.log(), valid)
    torch.testing.assert_close(
        net.loss(images, samples)['distill.loss_kd'], 0.5 * expected)
    with pytest.raises(ValueError, match='feature is of one teacher'):
        student(entries, feature=dict())


def test_bfloat16_of_the_student_is_the_teachers(teacher):
    net = student(teacher, feature=dict())
    images, samples = batch()
    with torch.autocast('cpu', torch.bfloat16):
        logits, _ = net.teachers[0](images, net.data_preprocessor)
        losses = net.loss(images, samples)
    assert logits.dtype == torch.bfloat16
    assert losses['distill.loss_kd'].dtype == torch.float32
    total, _ = net.parse_losses(losses)
    total.backward()
    assert total.isfinite()


def test_the_teacher_draws_no_random_numbers(teacher):
    net = student(teacher)
    torch.manual_seed(0)
    net.check_teachers()
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert drawn == torch.rand(1)
    assert not net.teachers[0].load().training
    net.train()
    assert not net.teachers[0].load().training


def test_classes_have_to_agree(teachers, teacher, caplog):
    net = student(teacher)
    net.check_teachers(CLASSES)
    with pytest.raises(ValueError, match='in the same order'):
        net.check_teachers(CLASSES[::-1])
    with caplog.at_level(logging.WARNING):
        net.check_teachers(('a', 'b', 'c'))
    two = teachers('two', classes=('good', 'bad'), num_classes=2)
    with pytest.raises(ValueError, match=r'2 classes \(good, bad\), the '
                       r'student 3 \(matrix, carbide, pore\)'):
        student(two).check_teachers(CLASSES)
    wrong = dict(config=two['config'], checkpoint=teacher['checkpoint'])
    with pytest.raises(ValueError, match=r'The teacher: .*another shape'):
        student(wrong).check_teachers()


def test_the_order_of_classes_in_the_config_where_the_file_names_none(
        teachers, caplog):
    named = teachers('named', classes=None)
    cfg = Config.fromfile(named['config'])
    cfg.test_dataloader.dataset.metainfo = dict(classes=CLASSES[::-1])
    cfg.dump(named['config'])
    with pytest.raises(ValueError, match=(
            r'has the classes pore, carbide, matrix, the student matrix, '
            r'carbide, pore: they must be in the same order')):
        student(named).check_teachers(CLASSES)
    student(named).check_teachers(CLASSES[::-1])
    loaded = torch.load(named['checkpoint'])
    loaded['meta'] = dict(CLASSES=CLASSES)  # as MMSegmentation 0.x wrote it
    torch.save(loaded, named['checkpoint'])
    student(named).check_teachers(CLASSES)
    assert not caplog.records


@pytest.mark.parametrize('distill, match', [
    (dict(alpha=1.5), 'alpha=1.5'),
    (dict(alpha=float('nan')), 'alpha=nan'),
    (dict(temperature=2), 'distill has temperature'),
    (dict(loss=None), 'give one of them'),
    (dict(feature=dict(index=1)), 'distill.feature has index'),
    (dict(feature=dict(student_index=5)), 'no input 5')])
def test_bad_arguments(teacher, distill, match):
    with pytest.raises(ValueError, match=match):
        student(teacher, **distill)


def test_a_teacher_needs_two_files():
    with pytest.raises(ValueError, match='teacher has config: must be'):
        student(dict(config='a.py'))


def test_a_teacher_that_is_worse_is_told(teacher, monkeypatch):
    net = student(teacher).eval()
    images, samples = batch()
    # the student is the teacher, whose head then forgets a class
    labels = logits_of(net, images).argmax(1, keepdim=True).float()
    labels = F.interpolate(labels, SIZE).long()
    for sample, mask in zip(samples, labels):
        sample.gt_sem_seg.data = mask
    told = []
    monkeypatch.setattr('mmseg_ext.models.segmentors.distill.print_log',
                        lambda text, **kwargs: told.append(text))
    for _ in range(12):
        acc = net.loss(images, samples)['distill.teacher_acc']
    assert len(told) == 1 and f'{acc.item():.1f} %' in told[0]
