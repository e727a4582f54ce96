"""The suites: what to train on which corpus, with which budget."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

from ..corpora.plans import PLANS
from ..splits import convert_split

PIPES = ("tagger", "ner", "textcat")


@dataclass(frozen=True)
class Suite:
    """A corpus and a budget.

    corpus (str): Folder in data/. If each task has its own corpus, a plan of benchmarks.corpora:
        see `suite_of_plan`.
    tasks (Tuple[str, ...]): The heads, in pipeline order.
    epochs (int): Passes over the training texts.
    batch (int): Tokens per step, including padding. Texts of similar length go together.
    rate (float): Peak learning rate of the encoder: warm-up over a tenth of the
        steps, then linear decay to 0.
    head_scale (float): Factor of the rate for heads of this package.
    systems (Tuple[str, ...]): The systems to compare.
    limit (Optional[int]): The number of training texts to take, evenly spaced.
    gold_words (bool): Whether to use the corpus's own tokens.
    crf (bool): Whether `mtl_ner` learns transitions. Chosen on dev, like the next two.
    hidden_width (Optional[int]): Width of a hidden layer in heads of this package.
    weights (Tuple[Tuple[str, float], ...]): Task weights of `ours-joint`.
    method (str): The weighting of `ours-joint`: its registered name, in full or as NAME of
        "spacy_mtl.NAME.v1".
    method_settings (Tuple[Tuple[str, Any], ...]): The settings of the method.
    gradients (str): Where gradients are taken: "representation" or "parameters".
    every (Optional[Union[int, str]]): At the parameters, the steps between measurements.
    precision (str): The precision of the encoder of this package.
    scheme (str): The sharing scheme of `ours-joint`: its registered name without prefix.
    taught (bool): Whether the pipelines of `ours-alone` with the same seed, which must be in the
        work folder, teach `ours-joint`. Their share of the loss falls from 1 to 0.
    dropout (float): The dropout rate.
    averages (bool): Whether to score averages of the weights.
    score_dev (bool): Whether to score the development set, too.
    """

    corpus: str
    tasks: Tuple[str, ...]
    epochs: int
    batch: int
    rate: float
    head_scale: float
    systems: Tuple[str, ...]
    limit: Optional[int] = None
    gold_words: bool = False
    lang: str = "en"
    crf: bool = False
    hidden_width: Optional[int] = None
    weights: Tuple[Tuple[str, float], ...] = ()
    method: str = "Constant"
    method_settings: Tuple[Tuple[str, Any], ...] = ()
    gradients: str = "representation"
    every: Optional[Union[int, str]] = None
    precision: str = "fp32"
    scheme: str = "HardSharing"
    taught: bool = False
    dropout: float = 0.1
    averages: bool = False
    score_dev: bool = True


#: Where no weights were tuned, "ours-joint" has equal ones.
OURS = ("ours-joint-equal", "ours-joint", "ours-joint-balanced", "ours-alone")
ALL = ("stock-joint", "stock-alone", *OURS)
SNIPS = Suite(
    corpus="snips",
    tasks=("ner", "textcat"),
    epochs=6,
    batch=300,
    rate=2e-4,
    head_scale=10.0,
    systems=OURS,
    gold_words=True,
    crf=True,
    weights=(("ner", 4.0),),
)
GUM = Suite(
    corpus="gum",
    tasks=PIPES,
    epochs=2,
    batch=400,
    rate=2e-4,
    head_scale=10.0,
    systems=OURS,
    hidden_width=1024,
    weights=(("tagger", 14.0), ("ner", 14.0)),
)
ZH_GSD = Suite(
    corpus="zh_gsd",
    tasks=("tagger", "ner"),
    epochs=3,
    batch=300,
    rate=2e-4,
    head_scale=10.0,
    systems=OURS[1:],
    gold_words=True,
    lang="zh",
    hidden_width=384,
)


def suite_of_plan(name: str) -> Suite:
    """RETURNS (Suite): The suite of a plan of benchmarks.corpora, with its budget."""
    plan = PLANS[name]
    budget = {key: getattr(plan, key) for key in ("epochs", "batch", "rate", "head_scale")}
    tasks = tuple(task for task, _ in plan.tasks)
    return Suite(name, tasks, systems=OURS[1:], precision="auto", **budget)


#: Padding counts as tokens, so that four passes by this count are three or more.
GUM_SHARING = replace(GUM, epochs=4, batch=600, precision="auto")
SNIPS_SHARING = replace(SNIPS, epochs=4, precision="auto")
SUITES = {
    "snips-short": replace(SNIPS, epochs=5, rate=5e-5, head_scale=50.0, systems=ALL, limit=3000),
    "gum-short": replace(
        GUM, epochs=5, batch=150, rate=5e-5, head_scale=50.0, systems=ALL, limit=327
    ),
    # The budgets of benchmarks.weighting, which trains some seventy pipelines on each.
    "snips-weighting": replace(
        SNIPS,
        epochs=5,
        rate=1e-4,
        head_scale=25.0,
        systems=ALL,
        limit=1000,
        precision="auto",
        score_dev=False,
    ),
    "gum-weighting": replace(
        GUM,
        epochs=4,
        batch=150,
        rate=1e-4,
        head_scale=25.0,
        systems=ALL,
        limit=82,
        precision="auto",
        score_dev=False,
    ),
    # The budgets of benchmarks.sharing, in full and short.
    "gum-sharing": replace(GUM_SHARING, epochs=3),
    "gum-sharing-short": replace(GUM_SHARING, limit=450),
    "snips-sharing": replace(SNIPS_SHARING, epochs=3),
    "snips-sharing-short": replace(SNIPS_SHARING, limit=1800),
    "snips": SNIPS,
    "gum": GUM,
    "zh_gsd": ZH_GSD,
    "zh_gsd-short": replace(ZH_GSD, epochs=4, limit=400, precision="auto"),
    # EWT for tags, WNUT17 for entities, SST-2 for sentiment.
    "three": suite_of_plan("three-sharing"),
    "three-short": suite_of_plan("three-sharing-short"),
}
#: What makes no difference to a single task: the weighting, and the rest.
OF_WEIGHTING = ("weights", "method", "method_settings", "gradients", "every")
OF_JOINT = (*OF_WEIGHTING, "scheme", "taught")
#: Systems that are `ours-joint` with changes. They need no settings for a corpus.
VARIANTS: Dict[str, Dict[str, Any]] = {
    "ours-joint-balanced": {
        "method": "Balanced",
        "gradients": "parameters",
        "every": "auto",
        "weights": (),
    },
}


def corpus_of(suite: Suite, split: str, work: Path) -> Path:
    """RETURNS (Path): The .spacy file of the suite's share of a split."""
    limit = suite.limit if split == "train" else None
    return convert_split(suite.corpus, split, work, limit, suite.lang)


def convert_all(suite: Suite, work: Path) -> None:
    """Convert all splits of the corpora of a suite, if needed."""
    for split in ("train", "dev", "test"):
        if suite.corpus in PLANS:
            for _, task in PLANS[suite.corpus].tasks:
                task.split(split, work)
        else:
            corpus_of(suite, split, work)


def parse_change(text: str) -> Tuple[str, Any]:
    """Read a change of a suite from the command line.

    text (str): FIELD=JSON, such as "hidden_width=null".
    RETURNS (Tuple[str, Any]): The field and its value, for `Run.changes`.
    RAISES (SystemExit): If suites have no such field, or the value is no JSON.
    """
    field, _, value = text.partition("=")
    if field not in Suite.__dataclass_fields__:
        sys.exit(f"Suites have no field '{field}', only {', '.join(Suite.__dataclass_fields__)}")
    try:
        found = json.loads(value)
    except ValueError:
        sys.exit(f"The value in '{text}' is not JSON. A string has quotes: '{field}=\"{value}\"'")
    return field, tuple(found.items()) if isinstance(found, dict) else found
