"""The mean of probabilities, over models and over views."""
import numpy as np
import pytest
from scipy.special import softmax

from mmseg_ext.inference import EnsembleModel, LogitModel, Tiling, predict
from mmseg_ext.inference.ensemble import load_folds


class RowModel(LogitModel):
    """Looks at the place, not only at the grey level: no two views agree."""
    classes = ('a', 'b', 'c')
    palette = [[255, 0, 0], [0, 0, 255], [0, 255, 0]]

    def __init__(self, path, factor: float) -> None:
        path.write_text(str(factor))
        self.weights, self.factor = str(path), factor

    def logits(self, batch: np.ndarray) -> np.ndarray:
        grey = batch.mean(-1) / 64
        place = np.linspace(0, 1, batch.shape[2]) * self.factor
        return np.stack([grey, place + 0 * grey, 2 - grey], 1).astype(
            np.float32)


@pytest.fixture
def models(tmp_path):
    return [RowModel(tmp_path / f'{i}.pth', 1.5 * i) for i in range(3)]


IMAGE = np.random.default_rng(0).integers(0, 256, (40, 72, 3), np.uint8)


def test_mean_of_the_models(models):
    expected = np.mean([softmax(model.logits(IMAGE[None]), 1)
                        for model in models], axis=0)
    ensemble = EnsembleModel(models)
    found = ensemble.logits(IMAGE[None])
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-5)
    mask = predict(ensemble, IMAGE).mask
    np.testing.assert_array_equal(mask, expected[0].argmax(0))
    tiled = predict(ensemble, IMAGE, Tiling((40, 40), (8, 8)))
    assert tiled.tiles > 1 and tiled.mask.shape == mask.shape
    assert len(ensemble.details['ensemble']) == 3


def test_mean_of_the_flips(models):
    views = []
    for axes in ((), (0, ), (1, ), (0, 1)):
        image = np.flip(IMAGE, axes)
        views.append(np.flip(softmax(
            models[1].logits(image[None]), 1)[0], [axis + 1 for axis in axes]))
    ensemble = EnsembleModel(models[1:2], 'flips')
    np.testing.assert_allclose(np.exp(ensemble.logits(IMAGE[None])[0]),
                               np.mean(views, axis=0), rtol=1e-5)
    assert ensemble.details == dict(tta='flips')


def test_a_threshold_stays_one(models):
    """Heads of one channel give their threshold and their probability."""
    class Head(RowModel):
        classes = ('no', 'yes')
        palette = RowModel.palette[:2]

        def logits(self, batch):
            found = np.full((len(batch), 2, *batch.shape[1:3]), 0.3,
                            np.float32)
            found[:, 1] = self.factor
            return found

    for model, factor in zip(models, (0.1, 0.2, 0.9)):
        model.__class__, model.factor = Head, factor
    found = EnsembleModel(models).logits(IMAGE[None])
    np.testing.assert_allclose(found[0, :, 0, 0], [0.3, 0.4], rtol=1e-6)


def test_models_that_do_not_go_together(models):
    models[1].classes = ('a', 'b', 'd')
    with pytest.raises(ValueError, match='make no ensemble: classes of one'):
        EnsembleModel(models)


def test_folds_are_loaded_in_order(tmp_path):
    for fold in (2, 1):
        folder = tmp_path / f'runs/fold_{fold}/seed_0'
        folder.mkdir(parents=True)
        (folder / 'weights.pth').touch()
    found = load_folds(tmp_path, lambda config, weights: (config, weights))
    assert [weights for _, weights in found] == [
        str(tmp_path / f'runs/fold_{fold}/seed_0/weights.pth')
        for fold in (1, 2)]
    with pytest.raises(FileNotFoundError, match='a fold is finished'):
        load_folds(tmp_path / 'runs', lambda *names: names)
