"""The tables of every scheme can be printed, logged and drawn."""

import math
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from scheme_pipelines import ONE_EACH
from schemes import ROWS, Row, make_batch, make_features, make_network

from spacy_mtl.report.heat_map import draw_tables
from spacy_mtl.report.structure import structure_json, structure_text
from spacy_mtl.sharing.network import SharingNetwork

TASKS = ["tagger", "ner", "text.cat"]


def stepped(row: Row) -> SharingNetwork:
    """A network after three steps, without gradients."""
    network, lengths = make_network(row, TASKS), [3, 0, 2]
    for _ in range(3):
        network(make_features(lengths, row=row), make_batch(lengths, TASKS, row), TASKS)
        network.note_closed(TASKS)
    return network


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_tables(row: Row) -> None:
    tables = stepped(row).structure()
    titles = [table.title for table in tables]
    assert len(set(titles)) == len(titles)
    for table in tables:
        assert table.note
        assert table.rows
        assert all(math.isfinite(value) for values in table.values for value in values)
        assert all(type(value) is float for values in table.values for value in values)
        text = structure_text([table])
        assert all(name in text for name in (*table.rows, *table.columns))
    assert len(structure_json(tables)) == len(tables)
    root = ElementTree.fromstring(draw_tables(tables, row.title))
    drawn = "".join(root.itertext())
    assert all(title in drawn for title in titles)


@pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.name)
def test_looking_changes_nothing(row: Row) -> None:
    network = stepped(row)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    drawn: Any = torch.random.get_rng_state()
    assert network.structure() == network.structure()
    assert torch.equal(torch.random.get_rng_state(), drawn)
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert network.step == 3
