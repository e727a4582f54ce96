"""Write what was chosen into a config, with the reasons."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from spacy.language import Language

from .budget import Budget
from .draft import Draft
from .encoder import EncoderChoice
from .heads import STOCK, Head, learns_transitions
from .methods import is_mixed
from .survey import Facts

_LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
#: The models of heads with settings that were measured; others have their defaults.
_MODELS = {
    "mtl_tagger": "spacy_mtl.TokenClassifier.v1",
    "mtl_ner": "spacy_mtl.TokenClassifier.v1",
    "mtl_textcat": "spacy_mtl.TextClassifier.v1",
    "mtl_textcat_multilabel": "spacy_mtl.TextClassifier.v1",
}
_SPLITS = ("train", "dev")
#: The words that surely fit in an encoder's window, of at most 512 wordpieces.
_FITS = 200


def set_joint(
    draft: Draft,
    encoder: EncoderChoice,
    sharing: Dict[str, Any],
    weighting: Dict[str, Any],
    corpora: Sequence[Facts],
) -> None:
    """Set the component "mtl" with its encoder.

    draft (Draft): The config.
    encoder (EncoderChoice): The encoder.
    sharing (Dict[str, Any]): The sharing scheme.
    weighting (Dict[str, Any]): The weighting, and where it takes gradients.
    corpora (Sequence[Facts]): The corpora.
    """
    draft.set(
        "components.mtl",
        {"factory": "mtl", **weighting, "learn_rate_scale": None},
        "The joint component: one encoder for all tasks.",
    )
    draft.set(
        "components.mtl.weighting",
        weighting["weighting"],
        "How much each task moves the encoder: see docs/weighting.md and `python -m spacy mtl list "
        "weightings`. 'weights' has factors by task, 1.0 for those that are not in it.",
    )
    draft.set(
        "components.mtl.model",
        sharing,
        "What each task sees of the encoder: see docs/sharing.md and `python -m spacy mtl list "
        "sharing`.",
    )
    longest = max((facts.n_longest for facts in corpora), default=0)
    why = encoder.why
    if encoder.is_pretrained and longest:
        why += f" The longest text has {longest:,} words"
        why += (
            ", so that it is read as a whole."
            if longest <= _FITS
            else ": texts of more wordpieces than the encoder accepts (at most 512) are read in "
            "windows that overlap."
        )
    draft.set("components.mtl.model.tok2vec", encoder.block, why)


def set_heads(
    draft: Draft,
    heads: Sequence[Head],
    corpora: Sequence[Facts],
    encoder: EncoderChoice,
    optimize: str,
) -> None:
    """Set the heads.

    draft (Draft): The config.
    heads (Sequence[Head]): The heads.
    corpora (Sequence[Facts]): The corpora.
    encoder (EncoderChoice): The encoder.
    optimize (str): "efficiency" or "accuracy".
    """
    width, why_width = _hidden_width(heads, corpora, encoder)
    first = next((head for head in heads if head.factory in _MODELS), None)
    for head in heads:
        own = [facts for facts in corpora if facts.name in head.corpora]
        path = f"components.{head.name}"
        draft.set(path, _component(head), _counts(head, own))
        if head.factory not in _MODELS:
            continue
        draft.set(
            f"{path}.learn_rate_scale",
            None,
            "null: found at the start, so that heads learn at 2e-3 beside a pretrained encoder, "
            "which gained up to 20 points against its own rate."
            if head is first and encoder.is_pretrained
            else "",
        )
        draft.set(f"{path}.model.@architectures", _MODELS[head.factory])
        draft.set(f"{path}.model.hidden_width", width, why_width if head is first else "")
        if head.factory == "mtl_ner":
            learns, why = learns_transitions(own, head.task, optimize)
            draft.set(f"{path}.model.learn_transitions", learns, why)
        draft.set(f"{path}.model.tok2vec", dict(_LISTENER))


def set_corpora(
    draft: Draft,
    heads: Sequence[Head],
    corpora: Sequence[Facts],
    schedule: Optional[Dict[str, Any]],
) -> None:
    """Set the readers of the corpora.

    draft (Draft): The config.
    heads (Sequence[Head]): The heads.
    corpora (Sequence[Facts]): The corpora. Empty if none were given.
    schedule (Optional[Dict[str, Any]]): The schedule of several corpora.
    """
    if schedule is None:
        _set_one_corpus(draft, corpora[0] if corpora else None)
        return
    draft.set("corpora", {}, "What each corpus annotates is in docs/corpora.md.")
    for split in ("train", "dev"):
        draft.set(f"corpora.{split}.@readers", "spacy_mtl.MultiCorpus.v1")
        for facts in corpora:
            path = str(getattr(facts, split))
            reader = {"@readers": "spacy.Corpus.v1", "path": path, "gold_preproc": True}
            tasks = [head.name for head in heads if facts.name in head.corpora]
            draft.set(
                f"corpora.{split}.corpora.{facts.name}",
                {"path": reader if facts.keeps_words else path, "tasks": tasks},
                _why_words(facts) if split == "train" else "",
            )
    draft.set(
        "corpora.train.schedule",
        schedule,
        "How the corpora are drawn: see docs/corpora.md and `python -m spacy mtl list schedules`.",
    )


def set_training(
    draft: Draft, encoder: EncoderChoice, budget: Budget, schedule: Optional[Dict[str, Any]]
) -> None:
    """Set the block [training].

    draft (Draft): The config.
    encoder (EncoderChoice): The encoder.
    budget (Budget): The length of the training.
    schedule (Optional[Dict[str, Any]]): The schedule of several corpora.
    """
    is_pretrained = encoder.is_pretrained
    draft.set("training.seed", "${system.seed}")
    draft.set("training.gpu_allocator", "${system.gpu_allocator}")
    draft.set("training.dropout", 0.1 if is_pretrained else 0.2)
    draft.set("training.max_epochs", 0, "0: only 'max_steps' limits the passes over the texts.")
    draft.set("training.max_steps", budget.steps, budget.why_steps)
    draft.set("training.eval_frequency", budget.eval_frequency, f"{budget.why_evaluations}.")
    draft.set(
        "training.patience",
        0,
        "Never stopped early: the learning rate falls to 0 by the last step, and the best "
        "pipeline is kept anyway."
        if is_pretrained
        else "Never stopped early: the best pipeline is kept anyway.",
    )
    batcher: Dict[str, Any] = {"@batchers": "spacy.batch_by_sequence.v1", "size": budget.batch}
    why = f"{budget.batch} texts in a step: {budget.why_batch}."
    if is_pretrained:
        batcher = {
            "@batchers": "spacy.batch_by_padded.v1",
            "size": budget.batch,
            "buffer": 256,
            "discard_oversize": False,
        }
        why = (
            "Texts of similar length together. 'size' is in tokens, including padding: "
            f"{budget.why_batch}."
        )
    if schedule is not None:
        mixed = is_mixed(schedule["@mtl_schedules"])
        batcher = {"@batchers": "spacy_mtl.CorpusBatcher.v1", "mixed": mixed, "batcher": batcher}
        why += " mixed = true: each batch has texts of several corpora." if mixed else ""
    draft.set("training.batcher", batcher, why)
    draft.set(
        "training.logger",
        {"@loggers": "spacy_mtl.ConsoleLogger.v1", "output_file": "training/log.jsonl"},
        "Losses, weights, gradient norms and scores by task. 'output_file' keeps them, for `python "
        "-m spacy mtl report training`: a file in the --output of the training.",
    )
    draft.set(
        "training.optimizer",
        {
            "@optimizers": "Adam.v1",
            "L2_is_weight_decay": True,
            "L2": 0.01,
            "grad_clip": 1.0,
            "use_averages": not is_pretrained,
            "learn_rate": encoder.rate,
        },
    )
    if not is_pretrained:
        draft.comments["training.optimizer.learn_rate"] = f"Of all layers: {encoder.why_rate}."
        return
    draft.set(
        "training.optimizer.learn_rate",
        {
            "@schedules": "warmup_linear.v1",
            "warmup_steps": budget.warmup,
            "total_steps": budget.steps,
            "initial_rate": encoder.rate,
        },
        f"The rate of the encoder: {encoder.why_rate}. It rises for a tenth of the steps, then "
        "falls to 0. Keep 'total_steps' the same as 'max_steps'.",
    )


def _set_one_corpus(draft: Draft, facts: Optional[Facts]) -> None:
    paths = {split: None if facts is None else str(getattr(facts, split)) for split in _SPLITS}
    draft.set(
        "paths",
        paths,
        "" if facts else "Set both: `python -m spacy train --paths.train FILE --paths.dev FILE`.",
    )
    for split in _SPLITS:
        block = {"@readers": "spacy.Corpus.v1", "path": f"${{paths.{split}}}"}
        keeps = facts is not None and facts.keeps_words
        draft.set(f"corpora.{split}", {**block, "gold_preproc": keeps})
    if facts is not None:
        draft.comments["corpora.train.gold_preproc"] = _why_words(facts)


def _why_words(facts: Facts) -> str:
    """Say whose words are used, if the tokenizer splits many of a corpus otherwise."""
    if not facts.is_resplit:
        return ""
    share = 100 * facts.n_resplit / facts.n_own_words
    found = f"The tokenizer splits {share:.0f} % of the words otherwise"
    if not facts.keeps_words:
        return f"{found}: their annotation may be lost. Set another tokenizer in [nlp.tokenizer]."
    return (
        f"{found}, so training and scores are on the corpus's own words. Predictions for raw text "
        "depend on the tokenizer, too: see [nlp.tokenizer]."
    )


def _component(head: Head) -> Dict[str, Any]:
    block: Dict[str, Any] = {"factory": head.factory}
    if head.factory in STOCK:
        defaults = Language.get_factory_meta(head.factory).default_config or {}
        block["model"] = {**defaults["model"], "tok2vec": dict(_LISTENER)}
    return block


def _counts(head: Head, corpora: Sequence[Facts]) -> str:
    found: List[str] = []
    for facts in corpora:
        counts = facts.of(head.task)
        n_units = sum(counts.labels.values())
        labels = f", {len(counts.labels)} labels, {n_units:,} times" if counts.knows_labels else ""
        found.append(f"{facts.name}: {counts.n_texts:,} of {facts.n_texts:,} texts{labels}")
    text = f"Annotated by {'; '.join(found)}." if found else ""
    if head.factory in STOCK:
        text += " A component of spaCy's own: see docs/stock-components.md."
    return text.strip()


def _hidden_width(
    heads: Sequence[Head], corpora: Sequence[Facts], encoder: EncoderChoice
) -> Tuple[Optional[int], str]:
    """Choose the width of a hidden layer in the heads."""
    if len(corpora) == 1 and encoder.is_pretrained:
        if len(heads) > 2:
            return 1024, (
                "A hidden layer in each head, as tasks of the same texts need not compete in the "
                "encoder for what they can learn there. Measured on GUM, for three tasks."
            )
        if {head.factory for head in heads} == {"mtl_tagger", "mtl_ner"}:
            return 384, "A hidden layer in each head. Measured for tags and entities of zh_gsd."
    return None, "null: no hidden layer in the heads. 1024 is worth a try if a task loses."
