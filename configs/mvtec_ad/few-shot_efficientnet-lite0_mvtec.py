# Learns to find what one labelled image shows on two thirds of the categories,
# validated on the others, whose defects it has never seen; with group_key=
# 'defect_type', the same over kinds of defects within the categories.
_base_ = [
    '../_base_/models/few-shot_efficientnet-lite0.py',
    '../_base_/datasets/mvtec_ad_small.py', '../_base_/schedules/episodes.py',
    '../_base_/default_runtime.py'
]

collate_fn = dict(type='collate_episodes')
episodes = dict(type='EpisodicDataset', group_key='category', fold=0)
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
