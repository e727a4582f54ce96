"""What a training on several ranks adds up, compares and keeps for each."""

import hashlib
import random
from contextlib import suppress
from itertools import islice
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import numpy
from spacy.language import Language
from spacy.training import Example

from ..chance import get_data_chance, set_data_chance
from ..corpus.reader import MultiCorpus
from ..parameters import slots_of
from ..ranks.group import Group, RanksDifferError, digest_of
from ..tasks.stock import task_of, tasks_of
from .checkpoint import Checkpoint
from .resumable import ResumableReader

#: What texts are compared by in each step.
_COMPARED: List[Union[int, str]] = ["ORTH", "SPACY", "TAG", "DEP", "HEAD", "ENT_IOB", "ENT_TYPE"]


def check_seed(training: Mapping[str, Any]) -> None:
    """Reject a training without a seed.

    training (Mapping[str, Any]): The block [training].
    RAISES (ValueError): If it has none.
    """
    if training["seed"] is None:
        raise ValueError(
            "'seed' in [training] is null, but all ranks must start from the same random numbers. "
            "Set it, for example by --training.seed 0."
        )


def check_same_checkpoint(group: Group, found: Optional[Checkpoint]) -> None:
    """Check that all ranks go on from the same checkpoint.

    group (Group): The ranks.
    found (Optional[Checkpoint]): What this one has found.
    RAISES (RanksDifferError): On every rank, if another one has found another.
    """
    steps = group.gather(None if found is None else found.step)
    for rank, step in enumerate(steps):
        if step != steps[0]:
            one, two = (
                "no checkpoint" if each is None else f"the checkpoint of step {each}"
                for each in (step, steps[0])
            )
            raise RanksDifferError(
                f"Rank {rank} of {group.size} finds {one} in --output, but rank 0 finds {two}. "
                "--output must be a folder that all ranks see, such as one on a shared disk."
            )


def losses_of_all(nlp: Language, losses: Dict[str, float], group: Group) -> Dict[str, float]:
    """Turn the losses of a rank into those of all.

    nlp (Language): The pipeline.
    losses (Dict[str, float]): spaCy's dict of losses. Components of this package have added those
        of all ranks already. Others add sums over their texts, or means.
    group (Group): The ranks.
    RETURNS (Dict[str, float]): The losses. Means of stock components are averaged.
    """
    if group.size == 1:
        return losses
    pipes: Dict[str, Any] = dict(nlp.components)
    joined = [
        name for name, pipe in pipes.items() if isinstance(getattr(pipe, "group", None), Group)
    ]
    of_rank = {name: float(loss) for name, loss in losses.items() if _owner(name) not in joined}
    found = {**losses, **group.add_up(of_rank)}
    for name in of_rank:
        if name in pipes and task_of(nlp, name).loss_is_mean:
            found[name] /= group.size
    # In the same order on all ranks: a component may have added nothing yet.
    return found


def _owner(name: str) -> str:
    # Auxiliary losses of a sharing scheme are in the log as "mtl.NAME".
    return name.split(".")[0]


def own_state(state: Mapping[str, Any], group: Group) -> Dict[str, Any]:
    """Find what a rank goes on from.

    state (Mapping[str, Any]): The state of a training.
    group (Group): The ranks.
    RETURNS (Dict[str, Any]): "components", "losses" and "chance" of this rank. With another number
        of ranks than before, those of the first one, without the texts that it looks back at.
    """
    of_ranks: Sequence[Dict[str, Any]] = state.get("ranks", ())
    if len(of_ranks) == group.size:
        return of_ranks[group.rank]
    if not of_ranks and group.size == 1:
        return {"components": state["components"], "losses": state["losses"], "chance": {}}
    components = {
        name: {**found, "batch": None} if "batch" in found else found
        for name, found in state["components"].items()
    }
    return {
        "components": components,
        "losses": state["losses"] if group.is_first else {},
        "chance": {},
    }


def ranks_of(state: Mapping[str, Any]) -> int:
    """RETURNS (int): The number of ranks that a state is from."""
    return max(1, len(state.get("ranks", ())))


def check_same_start(training: Any, meta: Mapping[str, Any], every: Optional[int] = None) -> None:
    """Check that all ranks start with the same, and that there is a text for each.

    training (Training): The training, at its first step.
    meta (Mapping[str, Any]): The config, data and machine.
    every (Optional[int]): The steps between checkpoints.
    RAISES (RanksDifferError): If any rank has something else.
    RAISES (ValueError): If there are fewer texts than ranks.
    """
    nlp, group = training.nlp, training.group
    if group.size == 1:
        return
    # Drawn ahead: the draw belongs to the next step.
    with suppress(StopIteration):
        training.batches.peek()
    batch = training.batches.next_batch
    group.check_same(
        {
            "config": meta.get("config", nlp.config.to_str()),
            "value of --every": every,
            "value of --send-as": training.sends,
            "version of a library": {
                name: each
                for name, each in meta.get("machine", {}).items()
                # Machines may differ.
                if name not in ("processor", "threads")
            },
            "size of the corpora": sorted(meta.get("data", {}).items()),
            "list of components": nlp.component_names,
            "list of labels": [list(getattr(pipe, "labels", ())) for _, pipe in nlp.components],
            "set of teachers": teachers_of(nlp),
            "first batch": texts_of(batch),
            "set of values to start from": values_of(nlp),
        }
    )
    if 0 < len(batch) < group.size:
        _check_enough(training)


def check_same_batch(group: Group, batch: Sequence[Example], sizes: Mapping[str, int]) -> None:
    """Check that all ranks are about to cut the same batch, and draw the same numbers.

    group (Group): The ranks.
    batch (Sequence[Example]): The batch.
    sizes (Mapping[str, int]): The numbers of classes of spaCy's parsers.
    RAISES (RanksDifferError): On every rank, if any has something else.
    """
    texts = hashlib.sha256()
    for eg in batch:
        for doc in (eg.predicted, eg.reference):
            texts.update(doc.to_array(_COMPARED).tobytes())
        texts.update(repr(sorted(eg.reference.cats.items())).encode("utf8"))
    numbers: Any = numpy.random.get_state()
    drawn = random.getstate(), numbers[1].tobytes()
    group.check_same(
        {
            "batch": texts.digest(),
            "state of Python's or numpy's random numbers": drawn,
            "number of labels of a parser": sorted(sizes.items()),
        }
    )


def _check_enough(training: Any) -> None:
    """Refuse a corpus with fewer texts than ranks. Batches may be as small: they often grow."""
    nlp, group, corpus = training.nlp, training.group, training.corpus
    if isinstance(corpus, MultiCorpus):
        # Another reader would take over its schedule.
        n_texts = sum(corpus.corpora.survey(nlp).sizes.values())
    elif isinstance(corpus, ResumableReader):
        return
    else:
        chance = get_data_chance()
        try:
            n_texts = sum(1 for _ in islice(corpus(nlp), group.size))
        finally:
            set_data_chance(chance)
    if n_texts < group.size:
        raise ValueError(
            f"There are {group.size} ranks, but the training corpus has {n_texts} text"
            f"{'s' * (n_texts > 1)}, so some ranks would have nothing to do. Start fewer ranks."
        )


def teachers_of(nlp: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Optional[str]]): What identifies the teacher of each head that has one."""
    tasks = tasks_of(nlp).items()
    return {name: task.fingerprint_of_teacher for name, task in tasks if task.has_teacher}


def texts_of(batch: Sequence[Example]) -> List[Any]:
    """RETURNS (List[Any]): What the texts of a batch and their annotation are."""
    return [eg.to_dict() for eg in batch]


def values_of(nlp: Language) -> str:
    """RETURNS (str): A digest of all parameters."""
    return digest_of(
        [(s.address, digest_of(_bytes_of(s.value))) for s in slots_of(nlp) if s.is_set]
    )


def _bytes_of(value: Any) -> bytes:
    return bytes(value.tobytes())
