# Every architecture at its small size on MVTec AD.
_base_ = './_base_/survey.py'

title = 'Architectures on MVTec AD'
data_root = 'data/mvtec_ad'
data_help = (
    'Lay out MVTec AD as configs/mvtec_ad/README.md says, or write synthetic '
    'pictures: python tools/make_sample.py mvtec data/mvtec_ad')
fill = dict(folder='mvtec_ad', data='mvtec')
budget = '1500 steps of four images of 256 x 256'
input_size = (256, 256)
columns = {
    'category_mean.IoU.anomaly': dict(title='IoU of anomalies', unit='%'),
    'category_mean.pixelAP': dict(title='pixel AP', unit='%'),
    'category_mean.imageAUROC': dict(title='image AUROC', unit='%'),
}
quick = dict(
    budget='100 steps of four images of 256 x 256',
    cfg_options={
        'train_cfg.max_iters': 100,
        'default_hooks.checkpoint.interval': 50,
        'param_scheduler.0.end': 25,
    })
