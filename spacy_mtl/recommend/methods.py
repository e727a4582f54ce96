"""The blocks of weighting, sharing scheme and schedule, with settings that work."""

from typing import Any, Callable, Dict, List, Sequence

from ..registry import registry
from .budget import Budget
from .catalog import ONE_OF, Entry, find_entry
from .heads import Head
from .survey import Facts

BALANCED, HARD = "spacy_mtl.Balanced.v1", "spacy_mtl.HardSharing.v1"
PROPORTIONAL = "spacy_mtl.Proportional.v1"
#: Schedules that draw texts, not batches: batches can mix corpora by their shares.
_MIXED = (
    PROPORTIONAL,
    "spacy_mtl.Temperature.v1",
    "spacy_mtl.Annealed.v1",
    "spacy_mtl.Uniform.v1",
    "spacy_mtl.Weighted.v1",
)
#: What learns its weights needs a rate of its own, which was not tuned.
_LEARNS = {"learn_rate": 0.025}
#: The settings of weightings that don't work, or not well, without.
WEIGHTINGS: Dict[str, Callable[[Budget], Dict[str, Any]]] = {
    "spacy_mtl.Uncertainty.v1": lambda budget: _LEARNS,
    "spacy_mtl.IMTLL.v1": lambda budget: _LEARNS,
    "spacy_mtl.FAMO.v1": lambda budget: _LEARNS,
    "spacy_mtl.GradNorm.v1": lambda budget: _LEARNS,
    # An "epoch" of which there are ten.
    "spacy_mtl.DWA.v1": lambda budget: {"every": max(1, budget.steps // 10)},
    "spacy_mtl.ExcessMTL.v1": lambda budget: {"warmup_steps": budget.warmup},
    # At the representation there is no moving average.
    "spacy_mtl.DBMTL.v1": lambda budget: {"beta": 0.0},
}


def weighting_settings(given: str, heads: Sequence[Head], budget: Budget) -> Dict[str, Any]:
    """Make the settings of [components.mtl] for a weighting.

    given (str): The name of the weighting, in full or short.
    heads (Sequence[Head]): The heads.
    budget (Budget): The length of the training, for settings in steps.
    RETURNS (Dict[str, Any]): The block "weighting", and where it takes the "gradients".
    RAISES (ValueError): If there is no such weighting, it needs settings that aren't known, or
        can't weigh these heads.
    RAISES (ImportError): If it needs a library that isn't installed.
    """
    entry = find_entry("weightings", given)
    settings = dict(WEIGHTINGS.get(entry.name, lambda _: {})(budget))
    _check_known("weightings", entry, settings, "components.mtl.weighting")
    block = {"@mtl_weightings": entry.name, **settings}
    weighting = registry.resolve({"weighting": block})["weighting"]
    tasks = [head.name for head in heads]
    if len(tasks) < 2 and entry.name not in (BALANCED, "spacy_mtl.Constant.v1"):
        raise ValueError(
            f"--weighting {given} weighs tasks against each other, but there is only "
            f"'{tasks[0]}'. Leave it out, or specify more tasks with --pipeline."
        )
    weighting.check_tasks(tasks)
    is_bound = bool(getattr(weighting, "needs_parameters", ""))
    weighting.check_training("parameters" if is_bound else weighting.place)
    # null: where it works best.
    is_set = is_bound and weighting.place != "parameters"
    return {"weighting": block, "gradients": "parameters" if is_set else None}


def sharing_block(given: str, heads: Sequence[Head]) -> Dict[str, Any]:
    """Make the block [components.mtl.model], without its encoder.

    given (str): The name of the sharing scheme, in full or short.
    heads (Sequence[Head]): The heads.
    RETURNS (Dict[str, Any]): The block.
    RAISES (ValueError): If there is no such scheme, or it shares between two heads or more.
    """
    if given == HARD:
        # Without importing all others.
        return {"@architectures": HARD}
    entry = find_entry("sharing", given)
    if entry.name != HARD and len(heads) < 2:
        raise ValueError(
            f"--sharing {given} shares between tasks, but there is only '{heads[0].name}'. Leave "
            "it out, or specify more tasks with --pipeline."
        )
    return {"@architectures": entry.name}


def schedule_block(
    given: str, heads: Sequence[Head], corpora: Sequence[Facts], budget: Budget
) -> Dict[str, Any]:
    """Make the block [corpora.train.schedule].

    given (str): The name of the schedule, in full or short.
    heads (Sequence[Head]): The heads.
    corpora (Sequence[Facts]): The corpora.
    budget (Budget): The length of the training, for settings in steps.
    RETURNS (Dict[str, Any]): The block.
    RAISES (ValueError): If there is no such schedule, or it needs settings that aren't known.
    """
    entry = find_entry("schedules", given)
    make = _SCHEDULES.get(entry.name)
    settings = make(heads, corpora, budget) if make else {}
    _check_known("schedules", entry, settings, "corpora.train.schedule")
    return {"@mtl_schedules": entry.name, **settings}


def is_mixed(schedule: str) -> bool:
    """RETURNS (bool): Whether batches should mix corpora under a schedule."""
    return schedule in _MIXED


def _annealed(heads: Any, corpora: Any, budget: Budget) -> Dict[str, Any]:
    # From 1 to 5, as in its paper.
    growth = 5.0 ** (1 / budget.steps)
    rise = {"@schedules": "compounding.v1", "start": 1.0, "stop": 5.0, "compound": growth}
    return {"temperature": rise}


def _weighted(heads: Any, corpora: Sequence[Facts], budget: Any) -> Dict[str, Any]:
    n_texts = sum(facts.n_texts for facts in corpora)
    return {"shares": {facts.name: round(facts.n_texts / n_texts, 3) for facts in corpora}}


def _sequential(
    heads: Sequence[Head], corpora: Sequence[Facts], budget: Budget
) -> Dict[str, List[Dict[str, Any]]]:
    """A phase per corpus, as long as its share of the words."""
    n_words = sum(facts.n_words for facts in corpora)
    phases = []
    for facts in corpora:
        tasks = [head.name for head in heads if facts.name in head.corpora]
        if tasks:
            phases.append(
                {"tasks": tasks, "steps": max(1, round(budget.steps * facts.n_words / n_words))}
            )
    del phases[-1]["steps"]
    return {"phases": phases}


def _bandit(heads: Sequence[Head], corpora: Any, budget: Any) -> Dict[str, Any]:
    return {"target": heads[0].name}


_SCHEDULES: Dict[str, Callable[..., Dict[str, Any]]] = {
    "spacy_mtl.Temperature.v1": lambda *_: {"temperature": 5.0},
    "spacy_mtl.Annealed.v1": _annealed,
    "spacy_mtl.Weighted.v1": _weighted,
    "spacy_mtl.Sequential.v1": _sequential,
    "spacy_mtl.Bandit.v1": _bandit,
}


def _check_known(kind: str, entry: Entry, settings: Dict[str, Any], block: str) -> None:
    missing = [name for name in entry.required if name not in settings]
    if missing:
        raise ValueError(
            f"The {ONE_OF[kind]} '{entry.name}' needs {', '.join(missing)}, which can't be known. "
            f"Make the config without it, and write the block [{block}] yourself."
        )
