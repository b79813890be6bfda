# Learns to find what one labelled image shows on two kinds of NEU-Seg's
# defects, validated on the third: model.decode_head.matcher=prototype or
# attention for other matchers, fold=1 or 2 for other folds.
_base_ = [
    '../_base_/models/few-shot_efficientnet-lite0.py',
    '../_base_/datasets/neu_seg.py', '../_base_/schedules/episodes.py',
    '../_base_/default_runtime.py'
]

collate_fn = dict(type='collate_episodes')
# No image of the set is without any defect: what is normal is what lies
# beside the outlined one.
episodes = dict(
    type='EpisodicDataset', group_key='class', normal_shots=0, fold=0)
novel = dict(part='novel', queries=10, test_mode=True, **episodes)

train_dataloader = dict(
    batch_size=4,  # episodes
    collate_fn=collate_fn,
    dataset=dict(
        _delete_=True,
        dataset={{_base_.train_dataloader.dataset}},
        part='base',
        **episodes))
val_dataloader = dict(
    collate_fn=collate_fn,
    dataset=dict(
        _delete_=True,
        dataset={{_base_.val_dataloader.dataset}},
        episodes=5,
        **novel))
test_dataloader = dict(
    collate_fn=collate_fn,
    dataset=dict(
        _delete_=True,
        dataset={{_base_.test_dataloader.dataset}},
        episodes=100,
        **novel))
val_evaluator = [
    dict(type='GroupedIoUMetric', group_key='episode_class'),
    dict(type='AnomalyScoreMetric', group_key='episode_class'),
]
test_evaluator = val_evaluator
