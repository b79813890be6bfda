"""Where the images of a data set begin, to name what is written of them."""
from mmengine.hooks import Hook
from mmengine.runner import Runner


def image_folders(dataset) -> list[str]:
    """Return the image folders of a data set, those within wrappers too."""
    inner = [*getattr(dataset, 'datasets', ()),
             *filter(None, [getattr(dataset, 'dataset', None)])]
    own = (getattr(dataset, 'data_prefix', None) or {}).get('img_path')
    return [*([own] if own else ()),
            *(folder for part in inner for folder in image_folders(part))]


class ImageFoldersHook(Hook):
    """Tell metrics that write predictions where the images begin.

    Those with an attribute ``image_folders`` keep the folders below.
    """

    def before_test(self, runner: Runner) -> None:
        folders = tuple(image_folders(runner.test_dataloader.dataset))
        for metric in runner.test_evaluator.metrics:
            if getattr(metric, 'image_folders', None) == ():
                metric.image_folders = folders
