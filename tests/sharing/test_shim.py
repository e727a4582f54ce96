"""Saving and loading the network of a scheme, and errors for what doesn't fit."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import srsly
import torch
from scheme_pipelines import build, network_of, sharing_of, trained
from schemes import Row

from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.sharing.contract import scheme_of
from spacy_mtl.sharing.network import Batch

ROW = Row("TaskAttention")


def test_an_uninitialized_scheme(tmp_path: Path) -> None:
    nlp = build(ROW, initialize=False)
    again = build(ROW, ["tagger"], initialize=False)
    sharing_of(again).shims[0].from_bytes(sharing_of(nlp).shims[0].to_bytes())
    mtl: Any = again.get_pipe("mtl")
    assert mtl.scheme.tasks == ["tagger", "ner", "textcat"]


def test_tasks_of_the_file_come_first() -> None:
    saved = sharing_of(trained(ROW, 1)).shims[0].to_bytes()
    shim = sharing_of(build(ROW, ["textcat", "ner"])).shims[0]
    shim.add_task("other")
    shim.from_bytes(saved)
    assert shim.tasks == ["tagger", "ner", "textcat", "other"]


@pytest.mark.parametrize("name", ["CrossStitch", "Sluice"])
def test_a_further_task_while_loading_is_one_that_comes_late(name: str) -> None:
    """The others don't read its tower, so their views stay the same."""
    row = Row(name, {"width": 4})
    nlp = trained(row, 2)
    doc = nlp("old runs")
    mtl: Any = nlp.get_pipe("mtl")
    (expected,) = mtl.read_views("ner", [doc])
    shim = sharing_of(build(row)).shims[0]
    shim.add_task("second")
    shim.from_bytes(sharing_of(nlp).shims[0].to_bytes())
    with torch.no_grad():
        found, _ = shim.network(torch.tensor(doc.tensor), Batch([2]), ["ner"])
    # Other kernels round differently.
    numpy.testing.assert_allclose(found["ner"].numpy(), expected, atol=1e-6)


def test_losses_that_are_off_for_good_have_no_column() -> None:
    """A schedule that starts at 0 does have one."""
    nlp = build(Row("SharedPrivate", {"adversary_strength": 0, "orthogonality_strength": 0.1}))
    assert scheme_of(sharing_of(nlp)).strengths() == {"orthogonality": 0.1}
    schedule = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0}
    schedule = {**schedule, "warmup_steps": 2, "total_steps": 9}
    nlp = build(Row("SharedPrivate", {"adversary_strength": schedule}))
    assert scheme_of(sharing_of(nlp)).strengths() == {"adversary": 0.0, "orthogonality": 0.01}


def test_loading_without_the_model(tmp_path: Path) -> None:
    nlp = trained(ROW, 1)
    nlp.get_pipe("mtl").to_disk(tmp_path)  # type: ignore[attr-defined]
    mtl: Any = build(ROW, initialize=False).get_pipe("mtl")
    mtl.from_disk(tmp_path, exclude=["model"])
    with pytest.raises(ValueError, match=r"TaskAttention.v1 has no weights yet"):
        mtl.scheme.structure()


def test_loading_draws_no_random_numbers() -> None:
    """The saved values replace those of the new network."""
    nlp = trained(ROW, 1)
    data = nlp.to_bytes()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    nlp.from_bytes(data)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("change", ["setting", "scheme"])
def test_a_config_that_does_not_fit(change: str, tmp_path: Path) -> None:
    nlp = trained(ROW, 1)
    nlp.to_disk(tmp_path)
    config = spacy.util.load_config(tmp_path / "config.cfg")
    if change == "setting":
        config["components"]["mtl"]["model"]["width"] = 4
        message = r"'masks.of tagger.hidden.0.weight' of its sharing scheme has the shape \(3, 16\)"
    else:
        config["components"]["mtl"]["model"]["depth"] = 2
        message = "its sharing scheme has other parameters than spacy_mtl.TaskAttention.v1 with"
    config.to_disk(tmp_path / "config.cfg")
    with pytest.raises(ValueError, match=message):
        spacy.load(tmp_path)


def test_another_scheme_whose_parameters_have_the_same_names() -> None:
    """Both have a tower per task, and nothing else."""
    saved = sharing_of(trained(Row("SoftSharing"), 1)).shims[0].to_bytes()
    message = "trained with the sharing scheme spacy_mtl.SoftSharing.v1, but the config has spacy"
    with pytest.raises(ValueError, match=message):
        sharing_of(build(Row("InformationPassing"))).shims[0].from_bytes(saved)


@pytest.mark.parametrize("part", ["title", "width", "tasks", "learned", "values"])
def test_damaged_bytes(part: str) -> None:
    shim = sharing_of(trained(ROW, 1)).shims[0]
    message = srsly.msgpack_loads(shim.to_bytes())
    before = {name: value.clone() for name, value in shim.network.state_dict().items()}
    for damaged in ({**message, part: 1.5}, {k: v for k, v in message.items() if k != part}):
        with pytest.raises(ValueError, match=f"the part '{part}' of its sharing scheme"):
            shim.from_bytes(srsly.msgpack_dumps(damaged))
    assert all(torch.equal(v, before[k]) for k, v in shim.network.state_dict().items())


def test_the_check_finds_values_that_are_not_finite(tmp_path: Path) -> None:
    nlp = trained(ROW, 1)
    n_parameters = sum(p.numel() for p in network_of(nlp).parameters())
    nlp.to_disk(tmp_path / "good")
    network_of(nlp).masks["ner"].output.bias.data[0] = numpy.nan
    nlp.to_disk(tmp_path / "bad")
    good, bad = (check_pipeline(tmp_path / name) for name in ("good", "bad"))
    assert not [each for each in good.findings if each.where == "mtl/model"]
    assert any("NaN or infinite" in each.text for each in bad.findings)
    (part,) = (each for each in good.parts if each.name == "mtl")
    assert part.n_parameters is not None
    assert part.n_parameters > n_parameters > 0
