"""Relations of the tasks, from schemes that learn them and schemes that don't."""

import pytest
from fixed_structure import RELATIONS, make_sharing


def test_relations_of_the_network() -> None:
    found = make_sharing().get_pipe("mtl").relations()
    assert list(found) == RELATIONS.rows
    assert found["textcat"] == {"tagger": -0.5, "ner": 0.125, "textcat": 1.0}


@pytest.mark.parametrize(
    ("architecture", "who"),
    [
        ("spacy_mtl.HardSharing.v1", "This sharing scheme"),
        ("spacy_mtl.TaskAttention.v1", "The sharing scheme spacy_mtl.TaskAttention.v1"),
    ],
)
def test_scheme_without_relations(architecture: str, who: str) -> None:
    mtl = make_sharing(architecture).get_pipe("mtl")
    says = rf'{who} learns no relations .* "spacy_mtl\.TaskRelation\.v1" in the block'
    with pytest.raises(ValueError, match=says):
        mtl.relations()
