"""The plans: which tasks of which corpora are trained together, by what, at which budget."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Tuple

from ..metrics import METRICS
from ..splits import convert_split

SEEDS = (0, 1)


@dataclass(frozen=True)
class Task:
    """A task with a corpus of its own.

    corpus (str): Folder below data/.
    kind (str): The head: "tagger", "ner" or "textcat".
    limit (int): How many training texts, evenly spaced.
    """

    corpus: str
    kind: str
    limit: int

    @property
    def metric(self) -> str:
        """RETURNS (str): What its head is scored by."""
        return METRICS[self.kind][0]

    def split(self, name: str, work: Path) -> Path:
        """RETURNS (Path): The .spacy file of a split; of "train", the task's share."""
        return convert_split(self.corpus, name, work, self.limit if name == "train" else None)


@dataclass(frozen=True)
class Plan:
    """Some tasks and a budget.

    tasks (Tuple[Tuple[str, Task], ...]): By name, in pipeline order.
    systems (Tuple[str, ...]): What is compared: see `SYSTEMS`.
    mixed (bool): Whether batches are mixed; else of one corpus each.
    epochs (int): Passes over all texts.
    batch (int): Tokens a step, padding included.
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


#: What trains, and its schedule if it has one. "alone" is one training a task.
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
PLANS = {
    "two": Plan(
        (SENTIMENT, ("topic", Task("banking77", "textcat", 1155))),
        ("alone", "Proportional", "Sequential", "Sequential, replay", "ByLoss", "ByScore"),
        mixed=False,
    ),
    "three": Plan(
        (("tagger", Task("ewt", "tagger", 200)), ("ner", Task("wnut17", "ner", 800)), SENTIMENT),
        ("alone", "Proportional", "stock spaCy, merged", "stock spaCy, alone"),
        # By texts, of which some are long: batches of one corpus would be by corpus, not text.
        mixed=True,
    ),
}
