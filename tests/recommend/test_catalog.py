"""Everything registered has a line, and a paper if it is published."""

from typing import Any, Iterator

import catalogue
import pytest
from setup_entry_points import entry_points_of_setup
from spacy.language import Language

from spacy_mtl.recommend.catalog import KINDS, Entry, entries_of, find_entry, short_name
from spacy_mtl.registry import registry

#: What is nobody's method: settings and arithmetic.
WITHOUT_PAPER = {"Constant", "Proportional", "Uniform", "RoundRobin", "Weighted"}
GROUPS = {"weightings": "spacy_mtl_weightings", "schedules": "spacy_mtl_schedules"}


@pytest.mark.parametrize("kind", GROUPS)
def test_all_are_listed(kind: str) -> None:
    lines = entry_points_of_setup()[GROUPS[kind]]
    assert {line.split(" = ")[0] for line in lines} <= {entry.name for entry in entries_of(kind)}


def test_schemes_and_heads_are_told_from_the_rest() -> None:
    schemes = {entry.name for entry in entries_of("sharing")}
    lines = entry_points_of_setup()["spacy_architectures"]
    in_folder = {line.split(" = ")[0] for line in lines if "spacy_mtl.sharing." in line}
    assert {name for name in schemes if name.startswith("spacy_mtl.")} == in_folder - {
        "spacy_mtl.TaskView.v1"
    }
    heads = {entry.name for entry in entries_of("heads")}
    lines = entry_points_of_setup()["spacy_factories"]
    assert {line.split(" = ")[0] for line in lines} - {"mtl"} <= heads
    assert not heads & {"mtl", "tagger", "ner", "transformer"}


@pytest.mark.parametrize("kind", KINDS)
def test_lines_and_papers(kind: str) -> None:
    for entry in entries_of(kind):
        if not entry.name.startswith(("spacy_mtl.", "mtl_")):
            continue
        assert 10 < len(entry.line) < 100, entry
        assert entry.line[0].isupper(), entry
        assert entry.line.endswith("."), entry
        is_method = kind != "heads" and short_name(entry.name) not in WITHOUT_PAPER
        assert bool(entry.paper) == is_method, entry
        if entry.paper:
            year = entry.paper.split(",")[0].split()[-1]
            assert 1990 < int(year) < 2030, entry
            assert any(word in entry.paper for word in ("arXiv:", "doi:", "ACL ", '"')), entry


@pytest.fixture
def others() -> Iterator[None]:
    """A weighting and a sharing scheme of another package."""

    def halves() -> Any:
        """Half of the sum.

        SOURCE: Doe and Poe 2031, "Halves", doi:10.1/2.
        """

    def own_sharing(tok2vec: Any) -> Any:
        """Share as we do."""
        return registry.architectures.get("spacy_mtl.HardSharing.v1")(tok2vec)

    registry.mtl_weightings("theirs.Halves.v2", func=halves)
    registry.architectures("theirs.Sharing.v1", func=own_sharing)
    yield
    for key in [key for key in catalogue.REGISTRY if key[-1].startswith("theirs.")]:
        del catalogue.REGISTRY[key]


def test_others(others: None) -> None:
    """What other packages register comes last."""
    found = entries_of("weightings")[-1]
    source = 'Doe and Poe 2031, "Halves", doi:10.1/2.'
    assert found == Entry(
        "theirs.Halves.v2", "Half of the sum.", "Doe and Poe 2031, doi:10.1/2", source
    )
    assert entries_of("sharing")[-1].name == "theirs.Sharing.v1"
    assert find_entry("weightings", "halves").name == "theirs.Halves.v2"


@pytest.mark.parametrize("given", ["PCGrad", "pcgrad", "spacy_mtl.PCGrad.v1"])
def test_names(given: str) -> None:
    assert find_entry("weightings", given).name == "spacy_mtl.PCGrad.v1"


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("weightings", "PCGard", "no weighting 'PCGard'. Did you mean 'PCGrad'"),
        ("weightings", "spacy_mtl.Balancd.v1", "Did you mean 'Balanced'"),
        ("sharing", "SoftSharin", "no sharing scheme 'SoftSharin'. Did you mean 'SoftSharing'"),
        ("sharing", "TaskView", "no sharing scheme 'TaskView'"),
        ("schedules", "Unifrom", "no schedule 'Unifrom'. Did you mean 'Uniform'"),
        ("heads", "taggr", "no head 'taggr'. Did you mean 'tagger'"),
        ("heads", "xyz", "no head 'xyz'. See `python -m spacy mtl list heads`"),
    ],
)
def test_unknown_names(kind: str, given: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find_entry(kind, given)


def test_names_that_are_meant_otherwise() -> None:
    with pytest.raises(ValueError, match="Did you mean 'parser'"):
        find_entry("heads", "paser", ["parser"])


def test_factories_are_found_in_any_order() -> None:
    """The heads of all packages are imported with the first pipeline."""
    assert Language.has_factory("mtl_ner")
