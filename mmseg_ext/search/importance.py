"""How much each choice matters for the score."""
import warnings

from .records import ranked, read_records
from .study import Study

FEWEST = 20  # finished trials
BEST = 0.25  # of them, which have something in common: five at least


def choices_importance(study: Study) -> dict[str, float]:
    """Return each key's part in what the best quarter has in common.

    Most first; the parts sum to 1. Empty with fewer than 20 finished trials,
    which say nothing, and where all have the same score.

    Reference:
        Watanabe et al., PED-ANOVA, 2023: unlike fANOVA it needs no
        scikit-learn.
    """
    from optuna.importance import (
        PedAnovaImportanceEvaluator,
        get_param_importances,
    )
    from optuna.trial import TrialState

    records = {record.number: record for record in read_records(study)}
    scores = {record.score for record in ranked([*records.values()])}
    finished = study.study.get_trials(False, (TrialState.COMPLETE, ))
    if len(finished) < FEWEST or len(scores) < 2:
        return {}
    with warnings.catch_warnings():
        # It warns whoever gives a target that less is better there.
        warnings.simplefilter('ignore')
        return get_param_importances(
            study.study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=BEST),
            target=lambda trial: -records[trial.number].score)
