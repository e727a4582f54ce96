"""All weightings of the package, and functions to create them."""

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional

import catalogue
import numpy
from small_matrix import normalized
from torchjd import aggregation, scalarization

from spacy_mtl.registry import registry

RATE = 0.025
SQRT = numpy.sqrt
#: Every registered weighting, by the name in "spacy_mtl.NAME.v1".
NAMES: List[str] = sorted(
    name.split(".")[1]
    for name in registry.mtl_weightings.get_all()
    if name.startswith("spacy_mtl.")
)


@dataclass(frozen=True)
class Row:
    """What tests have to be told of a weighting.

    effect (str): What twice the preference of a task does to its share in the first step:
        "more", "less" or "none". "" where that is not known: ExcessMTL estimates more, too.
    weights (Optional[Any]): Those of `small_matrix`, derived by hand. Without, the weighting has
        a file of tests: `tests/weighting/test_MODULE.py`.
    torchjd (Optional[Callable]): torchjd's own, on the published scale, for so many tasks.
    by_losses (bool): Whether it goes by losses alone.
    learned (bool): Whether it has a learning rate.
    random (bool): Whether it draws.
    stateful (bool): Whether it keeps more than the step.
    """

    effect: str
    weights: Optional[Any] = None
    torchjd: Optional[Callable[[int], Any]] = None
    by_losses: bool = False
    learned: bool = False
    random: bool = False
    stateful: bool = False


#: Every weighting, one row each.
ROWS: Dict[str, Row] = {
    "AlignedMTL": Row("more", torchjd=lambda n: aggregation.AlignedMTL()),
    # Rows of one length.
    "Balanced": Row("more", normalized([1, 1 / 2, 1 / 0.5]), stateful=True),
    "CAGrad": Row("more", torchjd=lambda n: aggregation.CAGrad(0.5)),
    # Unit rows u: (u u') x = 1, then divided by the lengths.
    "ConFIG": Row(
        "more",
        normalized([1 / (1 - 0.6), 1 / (1 - 0.6) / 2, 1 / 0.5]),
        lambda n: aggregation.ConFIG(),
    ),
    "Constant": Row("more", [1, 1, 1]),
    # Rows of one length. (At the representation; gradients of logarithms.)
    "DBMTL": Row("more", normalized([1, 1 / 2, 1 / 0.5]), stateful=True),
    # No two epochs yet.
    "DWA": Row("more", [1, 1, 1], lambda n: scalarization.DWA(), by_losses=True, stateful=True),
    # The sum does not conflict with a? G 1 = [-0.2, 2.8, 0.25]: it does. v_a = 1.2.
    "DualProj": Row("more", normalized([1.2, 1, 1]), lambda n: aggregation.DualProj()),
    "ExcessMTL": Row("", torchjd=lambda n: aggregation.ExcessMTL(), stateful=True),
    # Equal shares, divided by the losses.
    "FAMO": Row(
        "none",
        normalized([1, 2, 0.5]),
        lambda n: scalarization.FAMO(n).double(),
        by_losses=True,
        learned=True,
        stateful=True,
    ),
    # As NashMTL.
    "FairGrad": Row(
        "none",
        normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5]),
        lambda n: aggregation.FairGrad(1.0),
    ),
    # 1 / loss.
    "GLS": Row(
        "none", normalized([1, 2, 0.5]), lambda n: scalarization.GeometricMean(), by_losses=True
    ),
    "GradDrop": Row("more", torchjd=lambda n: aggregation.GradDrop(), random=True),
    "GradNorm": Row("more", [1, 1, 1], learned=True, stateful=True),
    "GradVac": Row("more", torchjd=lambda n: aggregation.GradVac(), random=True, stateful=True),
    # G w = lengths: solve for equal projections on unit rows.
    "IMTLG": Row(
        "none",
        normalized([(4 + 1.2 * 2) / 2.56, (2 + 1.2) / 2.56, 0.5 / 0.25]),
        lambda n: aggregation.IMTLG(),
    ),
    # exp(0) for all.
    "IMTLL": Row(
        "more",
        [1, 1, 1],
        lambda n: scalarization.IMTLL(n).double(),
        by_losses=True,
        learned=True,
        stateful=True,
    ),
    # The shortest convex combination: a and b first (t = (4 + 1.2) / (1 + 4 + 2.4) of a,
    # squared length 2.56 / 7.4), then against c (0.25).
    "MGDA": Row(
        "less",
        normalized([0.25 * 5.2 / 7.4, 0.25 * 2.2 / 7.4, 2.56 / 7.4]),
        lambda n: aggregation.MGDA(),
    ),
    # G w = 1 / w. For two rows of cosine k and lengths 1: w = 1 / sqrt(1 + k).
    "NashMTL": Row("none", normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5])),
    # a loses its part against b (+1.2/4 b), b its part against a (+1.2 a).
    "PCGrad": Row(
        "more", normalized([1 + 1.2, 1 + 0.3, 1]), lambda n: aggregation.PCGrad(), random=True
    ),
    "RLW": Row("more", torchjd=lambda n: scalarization.Random(), by_losses=True, random=True),
    # Softmax of losses / 3 / mu with mu = 0.1.
    "STCH": Row(
        "more",
        normalized(numpy.exp(numpy.asarray([1, 0.5, 2]) / 0.3)),
        lambda n: scalarization.STCH(0.1),
        by_losses=True,
    ),
    # Each row projected on the cone of G v >= 0: as PCGrad for two rows.
    "UPGrad": Row("more", normalized([1 + 1.2, 1 + 0.3, 1]), lambda n: aggregation.UPGrad()),
    # exp(-0) / 2 for all.
    "Uncertainty": Row(
        "more",
        [1, 1, 1],
        lambda n: scalarization.UW(n).double(),
        by_losses=True,
        learned=True,
        stateful=True,
    ),
}
BY_LOSSES = [name for name, row in ROWS.items() if row.by_losses]
BY_GRADIENTS = [name for name in NAMES if name not in (*BY_LOSSES, "Constant")]
#: What works on each value of the gradients, and what goes by their products.
PER_VALUE = [n for n in NAMES if registry.mtl_weightings.get(f"spacy_mtl.{n}.v1").needs_rows]
BY_PRODUCTS = [name for name in BY_GRADIENTS if name not in PER_VALUE]
LEARNED = [name for name, row in ROWS.items() if row.learned]
RANDOM = [name for name, row in ROWS.items() if row.random]
#: These refuse gradients at the representation.
ONLY_AT_PARAMETERS = ("Balanced", "ExcessMTL")
STATEFUL = [name for name, row in ROWS.items() if row.stateful]
TORCHJD = {name: row.torchjd for name, row in ROWS.items() if row.torchjd is not None}
#: Preferences of 1 a task instead of 1 / n, so the gradient is n times torchjd's.
SUMS = ("AlignedMTL", "UPGrad", "DualProj")


def block(name: str, **settings: Any) -> Dict[str, Any]:
    """The block of a config, with a learning rate if it needs one."""
    full = f"spacy_mtl.{name}.v1"
    if "learn_rate" in inspect.signature(registry.mtl_weightings.get(full)).parameters:
        settings.setdefault("learn_rate", RATE)
    return {"@mtl_weightings": full, **settings}


def make(name: str, gradients: str = "", **settings: Any) -> Any:
    """A weighting, prepared for a level (by default, the one it needs)."""
    weighting = registry.resolve({"weighting": block(name, **settings)})["weighting"]
    if name == "DBMTL" and not gradients:
        weighting.beta = weighting.beta if "beta" in settings else 0.0
    weighting.check_training(gradients or _level_of(name))
    return weighting


def _level_of(name: str) -> str:
    return "parameters" if name in ONLY_AT_PARAMETERS else "representation"


@contextmanager
def registered(name: str, create: Optional[Callable] = None) -> Iterator[Dict[str, str]]:
    """The block of a weighting that is registered temporarily, here or by a file."""
    if create is not None:
        registry.mtl_weightings(name, func=create)
    try:
        yield {"@mtl_weightings": name}
    finally:
        catalogue.REGISTRY.pop(("spacy", "mtl_weightings", name))
