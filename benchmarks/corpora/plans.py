"""The plans: which tasks and corpora to train together, with which systems and budget."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Tuple

from ..metrics import METRICS
from ..splits import convert_split

SEEDS = (0, 1)


@dataclass(frozen=True)
class Task:
    """A task with its own corpus.

    corpus (str): Folder in data/.
    kind (str): The head: "tagger", "ner" or "textcat".
    limit (int): The number of training texts to take, evenly spaced.
    """

    corpus: str
    kind: str
    limit: int

    @property
    def metric(self) -> str:
        """RETURNS (str): The score of its head."""
        return METRICS[self.kind][0]

    def split(self, name: str, work: Path) -> Path:
        """RETURNS (Path): The .spacy file of a split; for "train", of the task's share."""
        return convert_split(self.corpus, name, work, self.limit if name == "train" else None)


@dataclass(frozen=True)
class Plan:
    """Tasks and a budget.

    tasks (Tuple[Tuple[str, Task], ...]): The tasks by name, in pipeline order.
    systems (Tuple[str, ...]): The systems to compare: see `SYSTEMS`.
    mixed (bool): Whether batches mix corpora; else each comes from one corpus.
    epochs (int): Passes over all texts.
    batch (int): Tokens per step, including padding.
    rate (float): Peak learning rate of the encoder.
    head_scale (float): Factor of the rate for heads of this package.
    """

    tasks: Tuple[Tuple[str, Task], ...]
    systems: Tuple[str, ...]
    mixed: bool
    epochs: int = 4
    batch: int = 300
    rate: float = 1e-4
    head_scale: float = 25.0


#: The systems, with the settings of their schedules. "alone" is one training per task.
SYSTEMS: Dict[str, Dict[str, Any]] = {
    "alone": {},
    "Proportional": {},
    "Sequential": {},
    "Sequential, replay": {"replay": 0.2},
    "ByLoss": {},
    "ByScore": {},
    "stock spaCy, merged": {},
    "stock spaCy, alone": {},
}
SENTIMENT = ("sentiment", Task("sst2", "textcat", 750))

THREE = (("tagger", Task("ewt", "tagger", 200)), ("ner", Task("wnut17", "ner", 800)), SENTIMENT)


def _sharing(*limits: int, epochs: int) -> Plan:
    tasks = tuple((name, replace(task, limit=n)) for (name, task), n in zip(THREE, limits))
    systems = ("alone", "Proportional")
    return Plan(tasks, systems, mixed=True, batch=600, rate=2e-4, head_scale=10.0, epochs=epochs)


#: The plans that are compared here. The others are the budgets of benchmarks.sharing.
COMPARED = ("two", "three")
PLANS = {
    "two": Plan(
        (SENTIMENT, ("topic", Task("banking77", "textcat", 1155))),
        ("alone", "Proportional", "Sequential", "Sequential, replay", "ByLoss", "ByScore"),
        mixed=False,
    ),
    "three": Plan(
        THREE,
        ("alone", "Proportional", "stock spaCy, merged", "stock spaCy, alone"),
        # Texts differ in length, so batches of one corpus would not weigh texts equally.
        mixed=True,
    ),
    "three-sharing": _sharing(2723, 3394, 6920, epochs=3),
    "three-sharing-short": _sharing(250, 625, 625, epochs=4),
}
