"""Choose how long to train, in which steps, and how often to evaluate."""

import math
from dataclasses import dataclass
from typing import Sequence, Tuple

from .survey import Facts
from .wishes import Wishes

#: The steps to aim at, and the passes over the texts that were measured.
_STEPS = {"efficiency": (1000, 2, 5), "accuracy": (2000, 3, 6)}
#: The words from which documents are long, and up to which a corpus is small.
_LONG, _SMALL = 40, 50_000
#: The words beyond which nothing was measured: one pass may do.
_HUGE = 500_000
#: The texts in a step and the passes of configs/cnn.cfg.
_CNN_TEXTS, _CNN_PASSES = 32, 12
#: Evaluations in a training. Together they read at most half as many words as the training.
_EVALUATIONS, _LEAST = 10, 3


@dataclass(frozen=True)
class Budget:
    """The length of a training.

    batch (int): The words in a step, including padding; with a network of spaCy's, the texts.
    steps (int): The number of steps.
    warmup (int): The steps in which the learning rate rises.
    eval_frequency (int): The steps between evaluations.
    why_batch (str): Why this size.
    why_steps (str): Why so many steps.
    why_evaluations (str): Why so often.
    """

    batch: int
    steps: int
    warmup: int
    eval_frequency: int
    why_batch: str
    why_steps: str
    why_evaluations: str


def choose_budget(wishes: Wishes, corpora: Sequence[Facts], is_pretrained: bool) -> Budget:
    """Choose the length of a training.

    wishes (Wishes): The wishes.
    corpora (Sequence[Facts]): The corpora. Empty if none were given.
    is_pretrained (bool): Whether the encoder is.
    RETURNS (Budget): The length.
    """
    target, least, most = _STEPS[wishes.optimize]
    if not corpora:
        guess = "a guess, as no corpus was given (--train, --dev)"
        batch = 300 if is_pretrained else _CNN_TEXTS
        why = f"{target:,} steps: {guess}."
        every = target // _EVALUATIONS
        return Budget(batch, target, target // 10, every, guess, why, f"{_EVALUATIONS} evaluations")
    if not is_pretrained:
        return _budget_of_cnn(corpora)
    n_words = sum(facts.n_words for facts in corpora)
    batch, why_batch = _batch(corpora, n_words)
    least = 1 if n_words > _HUGE else least
    passes = min(most, max(least, round(target * batch / n_words)))
    steps = max(1, passes * math.ceil(n_words / batch))
    n_texts = sum(facts.n_texts for facts in corpora)
    what = "sentences" if _are_sentences(corpora) else "texts"
    why_steps = (
        f"{n_texts:,} {what} of {n_words / n_texts:.0f} words: {steps:,} steps of {batch} tokens "
        f"are {passes} {'pass' if passes == 1 else 'passes'}. (Padding counts as tokens, so it is "
        f"a little less.) That is closest to {target:,} steps, within {least} to {most} passes. "
        "Corpora of 7,000 to 400,000 words were measured, with 2 to 6 passes."
    )
    frequency, why_evaluations = _evaluations(corpora, steps, batch)
    return Budget(
        batch, steps, max(1, steps // 10), frequency, why_batch, why_steps, why_evaluations
    )


def _budget_of_cnn(corpora: Sequence[Facts]) -> Budget:
    n_texts = sum(facts.n_texts for facts in corpora)
    n_words = sum(facts.n_words for facts in corpora)
    steps = _CNN_PASSES * math.ceil(n_texts / _CNN_TEXTS)
    why = f"{n_texts:,} texts: {steps:,} steps of {_CNN_TEXTS} are {_CNN_PASSES} passes"
    why_batch = "both as in configs/cnn.cfg, and not measured on other corpora"
    frequency, often = _evaluations(corpora, steps, round(_CNN_TEXTS * n_words / n_texts))
    return Budget(_CNN_TEXTS, steps, 0, frequency, why_batch, f"{why}.", often)


def _batch(corpora: Sequence[Facts], n_words: int) -> Tuple[int, str]:
    n_texts = sum(facts.n_texts for facts in corpora)
    mean = n_words / n_texts
    if len(corpora) > 1:
        batch = 300 if n_words < _SMALL else 600
        why = "what was measured for several corpora of this size"
    elif mean < _LONG:
        batch, why = 300, f"what was measured for texts as short ({mean:.0f} words)"
    else:
        batch = 150 if n_words < _SMALL else 400
        why = f"what was measured for texts as long ({mean:.0f} words) in a corpus of this size"
    if batch < 1.5 * mean:
        batch = 100 * math.ceil(2 * mean / 100)
        why = f"two texts of {mean:.0f} words; such long ones were not measured"
    return batch, why


def _are_sentences(corpora: Sequence[Facts]) -> bool:
    return all(facts.n_sentences == facts.n_texts for facts in corpora)


def _evaluations(corpora: Sequence[Facts], steps: int, batch: int) -> Tuple[int, str]:
    n_dev = sum(facts.n_dev_words for facts in corpora)
    times = min(_EVALUATIONS, max(_LEAST, int(0.5 * steps * batch / n_dev)))
    frequency = max(1, math.ceil(steps / times))
    return frequency, (
        f"{steps // frequency + 1} evaluations of {n_dev:,} words (one before the first step), "
        f"beside {steps * batch:,} in training"
    )
