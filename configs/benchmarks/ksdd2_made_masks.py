# What masks that nobody drew are worth: the same U-Net trained on them. Make
# them first, by tools/label_images.py ... work_dirs/ksdd2_labels.
_base_ = './_base_/ksdd2.py'

title = 'U-Net on KolektorSDD2: masks drawn and made'
rows = dict(
    shipped=dict(title='true masks', config='../ksdd2/unet_c16_ksdd2.py'),
    made=dict(
        title='made masks',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'train_dataloader.dataset.mask_dir': 'work_dirs/ksdd2_labels/masks'
        }))
