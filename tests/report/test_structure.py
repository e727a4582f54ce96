"""Learned structure as text and as JSON."""

import json
import math
from dataclasses import replace
from typing import Any, List

import pytest
from fixed_structure import RELATIONS, TREE

from spacy_mtl.report.structure import check_table, structure_json, structure_text
from spacy_mtl.types import StructureTable


def test_text() -> None:
    text = structure_text([RELATIONS, TREE])
    assert [line.rstrip() for line in text.splitlines()] == [
        "relations: The correlation of the tasks, from -1 to 1.",
        "",
        "          tagger     ner   textcat",
        "-------   ------   -----   -------",
        "tagger     1.000   0.750    -0.500",
        "ner        0.750   1.000     0.125",
        "textcat   -0.500   0.125     1.000",
        "",
        "tree: Tasks with a 1 in the same column share that branch.",
        "",
        "          branch 0   branch 1",
        "-------   --------   --------",
        "tagger           1          0",
        "ner              1          0",
        "textcat          0          1",
    ]


def test_long_names_are_shown_in_full() -> None:
    name = "a_task_with_a_name_of_more_than_thirty_characters"
    lines = structure_text([StructureTable("gates", [name], [name], [[0.5]])]).splitlines()
    row = next(line for line in lines if line.startswith(name))
    rule = next(line for line in lines if line.startswith("--"))
    assert len(row) == len(rule)


def test_json() -> None:
    found = structure_json([replace(TREE, values=[[1.0, math.nan], [0.5, math.inf], [0, 1]])])
    assert json.loads(json.dumps(found, allow_nan=False)) == [
        {
            "title": "tree",
            "rows": ["tagger", "ner", "textcat"],
            "columns": ["branch 0", "branch 1"],
            "values": [[1.0, None], [0.5, None], [0, 1]],
            "note": "Tasks with a 1 in the same column share that branch.",
        }
    ]


def test_nothing() -> None:
    assert structure_text([]) == ""
    assert structure_json([]) == []


@pytest.mark.parametrize("values", [[], [[1.0]], [[1.0], [1.0, 2.0]], [[1.0, 2.0]] * 3])
@pytest.mark.parametrize("use", [structure_text, structure_json])
def test_values_that_do_not_fit(use: Any, values: List[List[float]]) -> None:
    table = StructureTable("gates", ["tagger", "ner"], ["expert 0", "expert 1"], values)
    says = r"table 'gates' has 2 rows and 2 columns, but .* lengths \[.*\]\. Fix `structure`"
    with pytest.raises(ValueError, match=says):
        use([table])


def test_empty_table_fits() -> None:
    check_table(StructureTable("tree", [], [], []))
    assert "tree" in structure_text([StructureTable("tree", [], ["branch 0"], [])])
