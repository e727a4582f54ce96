"""The findings of a check of a saved pipeline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, List, Optional

#: It runs the pipeline's code, or reads or writes where it shouldn't.
DANGER = "danger"
#: It differs from what was saved, or won't load.
DAMAGE = "damage"
#: Good to know.
NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """A problem of a pipeline.

    kind (str): `DANGER`, `DAMAGE` or `NOTE`.
    where (str): The file, or the config block.
    text (str): The description.
    """

    kind: str
    where: str
    text: str


@dataclass
class Part:
    """A saved component.

    name (str): Its name.
    factory (str): Its factory or source.
    n_bytes (int): The size of its files.
    n_parameters (Optional[int]): In thinc layers and wrapped networks; None without a model.
    n_labels (Optional[int]): The number of a head's labels; None if it has no list of labels.
    """

    name: str
    factory: str
    n_bytes: int = 0
    n_parameters: Optional[int] = None
    n_labels: Optional[int] = None


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    folder (Path): The pipeline.
    parts (List[Part]): Its components.
    findings (List[Finding]): The problems, worst first.
    has_checksums (bool): Whether its files could be compared with saved checksums.
    """

    folder: Path
    parts: List[Part]
    findings: List[Finding]
    has_checksums: bool

    @property
    def is_good(self) -> bool:
        """RETURNS (bool): Whether there are only notes."""
        return all(finding.kind == NOTE for finding in self.findings)


def guarded(where: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Turn errors in a check into findings, as the checked files may contain anything.

    where (str): What is checked.
    findings (Iterable[Finding]): The lazy check.
    YIELDS (Finding): Its findings, and the error that ended it, if any.
    """
    try:
        yield from findings
    except Exception as err:
        text = f"It can't be checked ({type(err).__name__}: {err}). Use another copy"
        yield Finding(DAMAGE, where, text)
