# BiSeNet V2, from random weights, as mmseg and the paper train it. A detail
# branch of stride 8, and a semantic branch (stem, gather-and-expand layers, a
# context block) of stride 32; each weighs the other by its sigmoid, and the
# sum is what the head gets. Four auxiliary heads on the semantic branch, the
# paper's boosters, hold 11.4 of the 14.8 million parameters and exist in
# training alone. Widths: detail_channels[-1], semantic_channels[-1] and
# bga_channels must be equal. Training needs two images or more per batch, see
# pspnet_r50.py.
_base_ = 'mmseg::_base_/models/bisenetv2.py'

model = dict(
    data_preprocessor=dict(size_divisor=32, test_cfg=dict(size_divisor=32)))
