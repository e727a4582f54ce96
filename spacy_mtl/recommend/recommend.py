"""Recommend a complete config for what is wished for."""

from dataclasses import dataclass
from typing import Iterable, List, Sequence

from spacy.training import Example

from .blocks import set_corpora, set_heads, set_joint, set_training
from .budget import Budget, choose_budget
from .draft import Draft
from .encoder import EncoderChoice, choose_encoder
from .heads import Choice, choose_heads, doubts, factories_to_count
from .methods import BALANCED, HARD, PROPORTIONAL, schedule_block, sharing_block, weighting_settings
from .survey import Facts, Progress, corpus_names, survey, survey_pipeline
from .wishes import Wishes


@dataclass(frozen=True)
class Recommendation:
    """A config, and what it is based on.

    draft (Draft): The config with its comments.
    choice (Choice): The heads.
    corpora (List[Facts]): What was found in the corpora.
    encoder (EncoderChoice): The encoder.
    budget (Budget): The length of the training.
    """

    draft: Draft
    choice: Choice
    corpora: List[Facts]
    encoder: EncoderChoice
    budget: Budget


def silently(examples: Iterable[Example], title: str) -> Iterable[Example]:
    """RETURNS (Iterable[Example]): The same examples: no progress is shown."""
    return examples


def recommend(wishes: Wishes, progress: Progress = silently) -> Recommendation:
    """Recommend a complete config, which trains as it is.

    wishes (Wishes): What is wished for.
    progress (Progress): Shows the progress of reading a corpus: it gets the examples and the path,
        and returns the examples.
    RETURNS (Recommendation): The config.
    RAISES (ValueError): If a wish can't be fulfilled. The message says why.
    RAISES (ImportError): If it needs a library that isn't installed.
    """
    pairs = wishes.pairs()
    wished = list(dict.fromkeys(task.removeprefix("mtl_") for task in wishes.tasks or ()))
    names = corpus_names([train for train, _ in pairs])
    factories = factories_to_count([task for task in wished if task not in names])
    # Names are checked before the corpora are read.
    nlp = survey_pipeline(wishes.lang, factories)
    encoder = choose_encoder(wishes)
    corpora = survey(nlp, pairs, list(factories), progress)
    choice = choose_heads(wished, corpora)
    choice.notes += doubts(choice.heads, corpora)
    taught = {name for head in choice.heads for name in head.corpora}
    corpora = [facts for facts in corpora if facts.name in taught]
    if wishes.schedule is not None and len(corpora) < 2:
        raise ValueError(
            f"--schedule says how several corpora are drawn, but only '{corpora[0].name}' has the "
            "tasks. Leave out --schedule."
        )
    budget = choose_budget(wishes, corpora, encoder.is_pretrained)
    draft = Draft(_title(wishes, corpora, choice))
    weighting = weighting_settings(wishes.weighting or BALANCED, choice.heads, budget)
    sharing = sharing_block(wishes.sharing or HARD, choice.heads)
    schedule = None
    if len(corpora) > 1:
        name = wishes.schedule or PROPORTIONAL
        schedule = schedule_block(name, choice.heads, corpora, budget)
    draft.set("system", {"seed": 0, "gpu_allocator": "pytorch" if wishes.gpu else None})
    draft.set("nlp", {"lang": wishes.lang, "pipeline": ["mtl", *(h.name for h in choice.heads)]})
    draft.set("nlp.batch_size", 256, "Texts that are read together in predictions.")
    set_joint(draft, encoder, sharing, weighting, corpora)
    set_heads(draft, choice.heads, corpora, encoder, wishes.optimize)
    set_corpora(draft, choice.heads, corpora, schedule)
    set_training(draft, encoder, budget, schedule)
    return Recommendation(draft, choice, corpora, encoder, budget)


def _title(wishes: Wishes, corpora: Sequence[Facts], choice: Choice) -> str:
    lines = [
        "Made by `python -m spacy mtl init-config`: a start for your own changes. What to try "
        "first is in the README of spacy_mtl.",
    ]
    for facts in corpora:
        lines.append(
            f"{facts.train}: {facts.n_texts:,} texts, {facts.n_words:,} words. "
            f"{facts.dev}: {facts.dev_counts.n_texts:,} texts."
        )
    lines += choice.notes
    return "\n".join(lines)
