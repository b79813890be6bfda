# SegFormer-B0 learns from itself over an enlarged image, of four times its
# cost, as well as from the masks. Train that one first:
#   python tools/train.py configs/metaldam/segformer_mit-b0_metaldam.py \
#       --cfg-options model.backbone.enlarge=2 \
#       --work-dir work_dirs/segformer_mit-b0_2x_metaldam
_base_ = './segformer_mit-b0_metaldam.py'

folder = 'work_dirs/segformer_mit-b0_2x_metaldam'
model = dict(
    type='DistillEncoderDecoder',
    teacher=dict(
        config=f'{folder}/segformer_mit-b0_metaldam.py',
        checkpoint=f'{folder}/iter_1500.pth'),
    distill=dict(loss=dict(type='PixelDistillLoss'), alpha=0.5))
