"""All weightings of the package, and functions to create them."""

import inspect
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional

import catalogue
from torchjd import aggregation, scalarization

from spacy_mtl.registry import registry

RATE = 0.025
#: Every registered weighting, by the name in "spacy_mtl.NAME.v1".
NAMES: List[str] = sorted(
    name.split(".")[1]
    for name in registry.mtl_weightings.get_all()
    if name.startswith("spacy_mtl.")
)
BY_LOSSES = ["DWA", "FAMO", "GLS", "IMTLL", "RLW", "STCH", "Uncertainty"]
BY_GRADIENTS = [name for name in NAMES if name not in (*BY_LOSSES, "Constant")]
LEARNED = ["FAMO", "GradNorm", "IMTLL", "Uncertainty"]
RANDOM = ["GradDrop", "GradVac", "PCGrad", "RLW"]
STATEFUL = [*LEARNED, "DBMTL", "DWA", "ExcessMTL", "GradVac"]

#: torchjd's methods, on the published scale, by the number of tasks.
TORCHJD: Dict[str, Callable[[int], Any]] = {
    "PCGrad": lambda n: aggregation.PCGrad(),
    "MGDA": lambda n: aggregation.MGDA(),
    "CAGrad": lambda n: aggregation.CAGrad(0.5),
    "IMTLG": lambda n: aggregation.IMTLG(),
    "GradDrop": lambda n: aggregation.GradDrop(),
    "GradVac": lambda n: aggregation.GradVac(),
    "AlignedMTL": lambda n: aggregation.AlignedMTL(),
    "UPGrad": lambda n: aggregation.UPGrad(),
    "DualProj": lambda n: aggregation.DualProj(),
    "ConFIG": lambda n: aggregation.ConFIG(),
    "FairGrad": lambda n: aggregation.FairGrad(1.0),
    "ExcessMTL": lambda n: aggregation.ExcessMTL(),
    "RLW": lambda n: scalarization.Random(),
    "GLS": lambda n: scalarization.GeometricMean(),
    "STCH": lambda n: scalarization.STCH(0.1),
    "Uncertainty": lambda n: scalarization.UW(n).double(),
    "IMTLL": lambda n: scalarization.IMTLL(n).double(),
    "DWA": lambda n: scalarization.DWA(),
    "FAMO": lambda n: scalarization.FAMO(n).double(),
}
#: Preferences are 1 per task instead of 1 / n, so the gradient is n times torchjd's.
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
    return "parameters" if name == "ExcessMTL" else "representation"


@contextmanager
def registered(name: str, create: Optional[Callable] = None) -> Iterator[Dict[str, str]]:
    """The block of a weighting that is registered temporarily, here or by a file."""
    if create is not None:
        registry.mtl_weightings(name, func=create)
    try:
        yield {"@mtl_weightings": name}
    finally:
        catalogue.REGISTRY.pop(("spacy", "mtl_weightings", name))
