# What pseudo-labels are worth: the same U-Net, trained on masks that nobody
# drew. Make them first, by tools/label_images.py ... work_dirs/ksdd2_labels.
_base_ = './_base_/ksdd2.py'

title = 'U-Net on KolektorSDD2: ground truth and pseudo-labels'
rows = dict(
    shipped=dict(title='ground truth', config='../ksdd2/unet_c16_ksdd2.py'),
    pseudo_labels=dict(
        title='pseudo-labels',
        config='../ksdd2/unet_c16_ksdd2.py',
        cfg_options={
            'train_dataloader.dataset.mask_dir': 'work_dirs/ksdd2_labels/masks'
        }))
