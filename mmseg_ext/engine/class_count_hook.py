"""Compare the heads' number of classes with the data set's."""
import logging

from mmengine.hooks import Hook
from mmengine.logging import print_log

from mmseg_ext.basics.class_counts import class_counts


class ClassCountHook(Hook):
    """Stop a training whose data set has more classes than the model.

    The loss would stop it within a batch, on a GPU by an assertion that
    names neither; a model of more classes than the data set's is told.

    Raises:
        ValueError: If the data set has a class that a head has not.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        metainfo = getattr(runner.train_dataloader.dataset, 'metainfo', {})
        classes = metainfo.get('classes')
        if not classes:
            return
        for name, count in class_counts(runner.cfg.get('model') or {}):
            text = (f'model.{name}.num_classes is {count}, and the data set '
                    f'has {len(classes)} classes ({", ".join(classes)})')
            setting = f'--cfg-options model.{name}.num_classes={len(classes)}'
            if count < len(classes):
                raise ValueError(f'{text}. Set the one to the other: '
                                 f'{setting}')
            if count > len(classes):
                print_log(f'{text}. If that is not meant: {setting}',
                          logger='current', level=logging.WARNING)
