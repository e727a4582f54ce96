"""What a check of a saved pipeline has found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, List, Optional

#: It runs code of the pipeline's, or writes or reads where it should not.
DANGER = "danger"
#: It is not what was written, or will not load.
DAMAGE = "damage"
#: Good to know.
NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a pipeline.

    kind (str): `DANGER`, `DAMAGE` or `NOTE`.
    where (str): The file, or the block of the config.
    text (str): What it is.
    """

    kind: str
    where: str
    text: str


@dataclass
class Part:
    """A component as it is saved.

    name (str): Its name.
    factory (str): What makes it, or its source.
    n_bytes (int): What its files take.
    n_parameters (Optional[int]): Of thinc's layers and the wrapped networks; None without a model.
    n_labels (Optional[int]): Of a head; None if it has no list of labels.
    """

    name: str
    factory: str
    n_bytes: int = 0
    n_parameters: Optional[int] = None
    n_labels: Optional[int] = None


@dataclass(frozen=True)
class Checked:
    """What a check has found.

    folder (Path): The pipeline.
    parts (List[Part]): Its components.
    findings (List[Finding]): What is wrong, the worst first.
    has_checksums (bool): Whether its files could be compared with what was written.
    """

    folder: Path
    parts: List[Part]
    findings: List[Finding]
    has_checksums: bool

    @property
    def is_good(self) -> bool:
        """RETURNS (bool): Whether nothing but notes was found."""
        return all(finding.kind == NOTE for finding in self.findings)


def guarded(where: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Make whatever fails in a check a finding: what is checked may be anything.

    where (str): What is checked.
    findings (Iterable[Finding]): The check, lazy.
    YIELDS (Finding): What it finds, and what has ended it.
    """
    try:
        yield from findings
    except Exception as err:
        text = f"It cannot be checked ({type(err).__name__}: {err}). Take it from another copy"
        yield Finding(DAMAGE, where, text)
