"""The survey's architectures, and what the small ones cost."""
# Name -> millions of parameters as deployed and in training, billions of
# operations at 256 x 256, side of the logits then.
SMALL = {
    'pspnet_r18-c16': (0.792, 0.802, 0.85, 32),
    'setr-naive_vit-ti16': (5.548, 5.587, 1.71, 64),
    'setr-pup_vit-ti16': (5.758, 6.092, 2.54, 256),
    'setr-mla_vit-ti16': (5.846, 5.847, 1.78, 64),
    'segmenter-mask_vit-ti16': (6.537, 6.537, 2.01, 16),
    'segmenter-linear_vit-ti16': (5.536, 5.536, 1.71, 16),
    'upernet_swin-c48': (5.871, 5.926, 2.16, 64),
    'bisenetv1_r18-c16': (0.836, 0.845, 0.29, 32),
    'bisenetv2_c16': (0.165, 0.183, 0.145, 32),
    'pspnet_efficientnet-lite0': (3.523, 3.523, 1.03, 16),
    'upernet_efficientnet-lite0': (3.644, 3.644, 1.34, 64),
    'bisenetv1_efficientnet-lite0': (3.315, 3.331, 0.65, 32),
}
# Name -> the same parameters, 19 classes. SETR's with 4 layers of 24.
FULL = {
    'pspnet_r50': (46.611, 48.975),
    'setr-naive_vit-l16': None,
    'setr-pup_vit-l16': None,
    'setr-mla_vit-l16': None,
    'segmenter-mask_vit-s16': (25.983, 25.983),
    'segmenter-linear_vit-s16': (21.991, 21.991),
    'upernet_swin-t': (58.951, 59.841),
    'bisenetv1_r18': (13.276, 13.426),
    'bisenetv2': (3.359, 14.804),
}


def is_of_survey(stem: str) -> bool:
    """Tell whether a config is one of the survey's on some data set."""
    return stem.rpartition('_')[0] in {*SMALL, *FULL} and (
        stem != 'pspnet_r50_cityscapes')  # upstream's, trained with plugins
