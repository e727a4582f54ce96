"""Choose the heads: which tasks there are, and which corpora teach each."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from .catalog import find_entry
from .survey import Facts

#: The heads for what corpora annotate, by their usual names. Exclusive categories or not: the
#: corpora tell.
USUAL = {"tagger": "mtl_tagger", "ner": "mtl_ner", "textcat": "mtl_textcat"}
SEVERAL = "textcat_multilabel"
#: spaCy's own components that can be tasks.
STOCK = {"parser": "dependencies", "morphologizer": "morphology", "trainable_lemmatizer": "lemmas"}
#: What annotates a kind of annotation for which there is no usual head.
_FOR_FURTHER = {
    "dependencies": "parser",
    "morphology": "morphologizer",
    "lemmas": "trainable_lemmatizer",
    "parts of speech": 'a second mtl_tagger with attribute = "pos"',
    "spans": "a second mtl_ner with spans_key",
}
_NAMES = {"tagger": "tags", "ner": "named entities", "textcat": "categories"}
#: Slots, as in SNIPS, are denser than names, as in news: entities per word.
_DENSE = 0.15
#: The words up to which a corpus is small enough that a CRF pays.
_FEW = 15_000


@dataclass(frozen=True)
class Head:
    """A head, or a stock component, of a config.

    name (str): Its name in the pipeline.
    factory (str): Its factory.
    corpora (Tuple[str, ...]): The corpora that annotate it. Empty if none were given.
    task (str): The task of the survey that counted its annotation.
    """

    name: str
    factory: str
    corpora: Tuple[str, ...] = ()
    task: str = ""

    @property
    def is_ours(self) -> bool:
        """RETURNS (bool): Whether it is no stock component."""
        return self.factory not in STOCK


@dataclass
class Choice:
    """The heads that were chosen, and what was left out.

    heads (List[Head]): The heads in pipeline order.
    notes (List[str]): What was left out, and how to get it.
    """

    heads: List[Head] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)


def factories_to_count(wished: Sequence[str]) -> Dict[str, str]:
    """Get the factories of all tasks to look for in the corpora.

    wished (Sequence[str]): The names of heads that are wished for.
    RETURNS (Dict[str, str]): The factories by name.
    RAISES (ValueError): If there is no such head.
    """
    # One that takes any categories.
    found = {**USUAL, "textcat": f"mtl_{SEVERAL}"}
    others = (task for task in wished if task not in (*found, SEVERAL))
    return {**found, **{task: factory_of(task) for task in others}}


def factory_of(task: str) -> str:
    """Get the factory of a head by its name, as in --pipeline.

    task (str): The name, such as "ner".
    RETURNS (str): The factory, such as "mtl_ner".
    RAISES (ValueError): If there is no such head. The message has the nearest name.
    """
    if task in USUAL:
        return USUAL[task]
    # The list of all heads imports what other packages have.
    return task if task in STOCK else find_entry("heads", task, [*STOCK]).name


def choose_heads(wished: Sequence[str], corpora: Sequence[Facts]) -> Choice:
    """Choose the heads for what corpora annotate.

    wished (Sequence[str]): The names of heads. Empty for all usual ones.
    corpora (Sequence[Facts]): The corpora. Empty if none were given.
    RETURNS (Choice): The heads.
    RAISES (ValueError): If a head is wished for that no corpus annotates, or none is annotated.
    """
    if not corpora:
        return Choice([Head(task, factory_of(task)) for task in wished or USUAL])
    choice = Choice()
    # Both kinds of heads for categories learn from the same annotation, and so do heads that are
    # named after a corpus.
    of_categories = {SEVERAL, *(facts.name for facts in corpora)}
    asked = list(dict.fromkeys("textcat" if task in of_categories else task for task in wished))
    for task in asked or USUAL:
        own = [facts for facts in corpora if facts.annotates(task)]
        if own:
            choice.heads += _heads_of(task, own, wished, choice.notes)
        elif wished:
            raise ValueError(
                f"No corpus annotates '{task}'. They have {_annotated(corpora) or 'no annotation'}"
                ". Leave it out of --pipeline, or specify a corpus that does with --train."
            )
    if not choice.heads:
        raise ValueError(
            "The corpora annotate no tags, entities or categories, but "
            f"{_annotated(corpora) or 'nothing else either'}. Specify other corpora, or the names "
            "of components with --pipeline."
        )
    further = Counter(kind for facts in corpora for kind in facts.further if facts.further[kind])
    for kind, component in _FOR_FURTHER.items():
        if further[kind] and component not in asked:
            n_texts = sum(facts.further[kind] for facts in corpora)
            choice.notes.append(f"{n_texts:,} texts also have {kind}: for {component}.")
    return choice


def doubts(heads: Sequence[Head], corpora: Sequence[Facts]) -> Iterable[str]:
    """YIELDS (str): What corpora will not teach, and scores not tell."""
    for facts in corpora:
        taught = [head for head in heads if facts.name in head.corpora]
        if not any(facts.annotates(head.task) for head in heads):
            yield f"{facts.train} is left out: it annotates none of the tasks."
        missing = [head.name for head in taught if not facts.dev_annotates(head.task)]
        if missing:
            yield f"{facts.dev} does not annotate {', '.join(missing)}: no score."
        if facts.dev.resolve() == facts.train.resolve():
            yield f"{facts.dev} is to train and to score on: scores say nothing about new texts."


def learns_transitions(corpora: Sequence[Facts], task: str, optimize: str) -> Tuple[bool, str]:
    """Decide whether a head for entities should be a CRF.

    corpora (Sequence[Facts]): The corpora that annotate it.
    task (str): The task.
    optimize (str): "efficiency" or "accuracy".
    RETURNS (Tuple[bool, str]): Whether, and why.
    """
    if not corpora or optimize == "efficiency":
        return False, "true: also learn transitions between labels (a CRF), which costs time."
    n_words = sum(facts.n_words for facts in corpora)
    n_entities = sum(sum(facts.of(task).labels.values()) for facts in corpora)
    if n_entities > _DENSE * n_words:
        return True, (
            f"{n_entities:,} entities in {n_words:,} words are as dense as slots, for which a CRF "
            "pays: 5 points on 1,000 texts of SNIPS."
        )
    if n_words < _FEW:
        return True, f"With as few as {n_words:,} words, a CRF pays: 3 to 5 points."
    return False, (
        "A CRF costs time, and gained nothing on corpora of this size (true: learn transitions "
        "between labels)."
    )


def _heads_of(
    task: str, corpora: List[Facts], wished: Sequence[str], notes: List[str]
) -> Iterable[Head]:
    groups = _groups(task, corpora)
    if task == "textcat":
        for group in groups:
            # A name that says which of several.
            name = "textcat" if len(groups) == 1 else group[0].name
            if not wished or {"textcat", SEVERAL, name} & set(wished):
                yield Head(name, _factory_for(group, wished), _names_of(group), task)
        return
    largest, *others = sorted(groups, key=lambda group: -sum(facts.n_words for facts in group))
    # Stock components and others' heads are called like the factory that makes them.
    yield Head(task, factory_of(task), _names_of(largest), task)
    for group in others:
        notes.append(
            f"'{task}' doesn't learn from {' and '.join(_names_of(group))}, whose labels differ "
            f"from those of {' and '.join(_names_of(largest))}: a text can only have one set. See "
            '"Several heads of a kind" in docs/corpora.md, or convert them to the same labels.'
        )


def _groups(task: str, corpora: Sequence[Facts]) -> List[List[Facts]]:
    """Group corpora that share labels: for categories any, otherwise half of the smaller set."""
    groups: List[List[Facts]] = []
    for facts in corpora:
        labels = set(facts.of(task).labels)
        for group in groups:
            known = {label for each in group for label in each.of(task).labels}
            least = 1 if task == "textcat" else min(len(labels), len(known)) / 2
            if len(labels & known) >= least:
                group.append(facts)
                break
        else:
            groups.append([facts])
    return groups


def _factory_for(group: Sequence[Facts], wished: Sequence[str]) -> str:
    n_not_one = sum(facts.n_not_one for facts in group)
    if SEVERAL in wished:
        return f"mtl_{SEVERAL}"
    if n_not_one and "textcat" in wished:
        raise ValueError(
            f"'textcat' needs one category per text, but {n_not_one:,} texts of "
            f"{' and '.join(_names_of(group))} have none or several. Use --pipeline {SEVERAL}."
        )
    # A head for exclusive categories needs two.
    has_choice = len({label for facts in group for label in facts.of("textcat").labels}) > 1
    return USUAL["textcat"] if has_choice and not n_not_one else f"mtl_{SEVERAL}"


def _names_of(group: Sequence[Facts]) -> Tuple[str, ...]:
    return tuple(facts.name for facts in group)


def _annotated(corpora: Sequence[Facts]) -> str:
    usual = [_NAMES[task] for task in USUAL if any(facts.annotates(task) for facts in corpora)]
    further = dict.fromkeys(kind for facts in corpora for kind in facts.further)
    names: List[Any] = [*usual, *(kind for kind in further if kind in _FOR_FURTHER)]
    return ", ".join(names)
