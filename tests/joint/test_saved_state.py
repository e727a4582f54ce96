"""What weightings have learned is saved with the pipeline, and goes on."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
import srsly
import torch
from encoder_gradients import clear_gradient, encoder_gradient, encoder_values
from methods import NAMES, STATEFUL, block, registered
from recording_weighting import Recording
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from weighted_training import level_of, train

from spacy_mtl.encoder import fast_linear


@pytest.mark.parametrize("how", ["bytes", "disk"])
@pytest.mark.parametrize("name", NAMES)
def test_state_is_saved(make_nlp: Callable, tmp_path: Path, name: str, how: str) -> None:
    """A pipeline that was saved takes the same next step."""
    nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
    train(nlp, 5, nlp.create_optimizer())
    if how == "bytes":
        loaded = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        loaded.from_bytes(nlp.to_bytes())
    else:
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
    gradients = []
    for pipeline in (nlp, loaded):
        clear_gradient(pipeline)
        fix_random_seed(0)
        pipeline.update(make_examples(pipeline), sgd=False)
        gradients.append(encoder_gradient(pipeline))
    assert numpy.array_equal(*gradients)
    states = [pipeline.get_pipe("mtl").weighting.get_state() for pipeline in (nlp, loaded)]
    assert repr(states[0]) == repr(states[1])


def test_state_can_be_left_out(make_nlp: Callable, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=None, weighting=block("Uncertainty"))
    train(nlp, 3, nlp.create_optimizer())
    mtl = nlp.get_pipe("mtl")
    mtl.to_disk(tmp_path / "all")
    mtl.to_disk(tmp_path / "less", exclude=["weighting"])
    assert (tmp_path / "all/weighting").exists()
    assert not (tmp_path / "less/weighting").exists()
    assert len(mtl.to_bytes(exclude=["weighting"])) < len(mtl.to_bytes())
    mtl.weighting.set_state({"step": 0, "learned": {}})
    mtl.from_disk(tmp_path / "all", exclude=["weighting"])
    assert mtl.weighting.get_state()["step"] == 0
    mtl.from_disk(tmp_path / "all")
    assert mtl.weighting.get_state()["step"] == 3


def test_state_of_another_method(make_nlp: Callable, tmp_path: Path) -> None:
    """The method was changed in the config of a trained pipeline: the new one begins."""
    make_nlp(encoder=None, weighting=block("Uncertainty")).to_disk(tmp_path)
    override = {"components": {"mtl": {"weighting": block("GradNorm")}}}
    nlp = spacy.load(tmp_path, config=override)
    assert nlp.get_pipe("mtl").weighting.get_state()["step"] == 0


def _state_of(task: str, weighting: Any) -> Dict[str, Any]:
    state = weighting.get_state()
    found = {
        key: value[task]
        for key, value in state.items()
        if isinstance(value, dict) and task in value
    }
    return {**found, "cosines": [c for c in state.get("cosines", []) if task in c[:2]]}


def test_frozen_task_keeps_its_state(make_nlp: Callable) -> None:
    for name in STATEFUL:
        nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        optimizer = nlp.create_optimizer()
        train(nlp, 2, optimizer)
        weighting = nlp.get_pipe("mtl").weighting
        before = {key: repr(value) for key, value in _state_of("ner", weighting).items()}
        fix_random_seed(0)
        nlp.update(make_examples(nlp), sgd=False, exclude=["ner"])
        nlp.get_pipe("mtl").finish_update(optimizer)
        assert {k: repr(v) for k, v in _state_of("ner", weighting).items()} == before


@pytest.mark.slow
def test_trained_pipeline_without_torchjd(make_nlp: Callable, tmp_path: Path) -> None:
    """It loads and predicts where neither torchjd nor a solver is installed."""
    code = (
        "import sys\n"
        "for name in ('torchjd', 'cvxpy', 'clarabel', 'quadprog', 'qpsolvers', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import spacy\n"
        "for path in sys.argv[1:]:\n"
        "    nlp = spacy.load(path)\n"
        "    assert [t.tag_ for t in nlp('Anna runs')] != ['', '']\n"
        "    print(type(nlp.get_pipe('mtl').weighting).__name__)\n"
    )
    paths = []
    for name in NAMES:
        nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        train(nlp, 2, nlp.create_optimizer())
        nlp.to_disk(tmp_path / name)
        paths.append(str(tmp_path / name))
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == NAMES


@pytest.mark.slow
def test_training_goes_on_with_a_source(make_nlp: Callable, tmp_path: Path) -> None:
    """What was learned goes on, and settings that do not fit are found."""
    nlp = make_nlp(encoder=None, weighting=block("DBMTL"), gradients="parameters")
    train(nlp, 3, nlp.create_optimizer())
    nlp.to_disk(tmp_path / "trained")
    DocBin(docs=[eg.reference for eg in make_examples(nlp)]).to_disk(tmp_path / "c.spacy")
    config = nlp.config.copy()
    config["components"] = {n: {"source": str(tmp_path / "trained")} for n in nlp.pipe_names}
    for split in ("train", "dev"):
        config["paths"][split] = str(tmp_path / "c.spacy")
    again = init_nlp(config)
    weighting = again.get_pipe("mtl").weighting
    before = {task: n for task, (_, n) in weighting.get_state()["averages"].items()}
    again.update(make_examples(again), sgd=False)
    assert again.get_pipe("mtl").nlp is again
    after = {task: n for task, (_, n) in weighting.get_state()["averages"].items()}
    assert after == {task: n + 1 for task, n in before.items()}


@pytest.mark.parametrize("name", STATEFUL)
def test_initialize_begins_anew(make_nlp: Callable, name: str) -> None:
    nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
    untrained = repr(nlp.get_pipe("mtl").weighting.get_state())
    train(nlp, 3, nlp.create_optimizer())
    assert repr(nlp.get_pipe("mtl").weighting.get_state()) != untrained
    nlp.initialize(lambda: make_examples(nlp))
    assert repr(nlp.get_pipe("mtl").weighting.get_state()) == untrained


def test_initialize_begins_anew_with_a_state_that_is_shared(make_nlp: Callable) -> None:
    """The dict itself, as a weighting of somebody else's may give it."""

    class Counting(Recording):
        def __init__(self) -> None:
            super().__init__(False)
            self.state = {"n": 0}

        def __call__(self, losses: Any, gradients: Any) -> Any:
            self.state["n"] += 1
            return super().__call__(losses, gradients)

        def get_state(self) -> Dict[str, Any]:
            return self.state

        def set_state(self, state: Dict[str, Any]) -> None:
            self.state = state

    with registered("counting.v1", Counting) as own:
        nlp = make_nlp(encoder=None, weighting=own)
    weighting = nlp.get_pipe("mtl").weighting
    for _ in range(2):
        assert weighting.state == {"n": 0}
        nlp.update(make_examples(nlp), sgd=False)
        assert weighting.state == {"n": 1}
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80"])
def test_damaged_state(make_nlp: Callable, tmp_path: Path, content: bytes) -> None:
    make_nlp(encoder=None, weighting=block("Uncertainty")).to_disk(tmp_path)
    (tmp_path / "mtl/weighting").write_bytes(content)
    with pytest.raises(ValueError, match="Can't use .*weighting.*damaged.*delete it"):
        spacy.load(tmp_path)
    (tmp_path / "mtl/weighting").unlink()
    assert spacy.load(tmp_path)("Anna runs")


def test_bytes_of_a_version_without_state(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    old = super(type(mtl), mtl).to_bytes()
    expected = encoder_values(nlp)
    other = make_nlp(encoder=None)
    for node in other.get_pipe("mtl").model.walk():
        for name in node.param_names:
            node.set_param(name, 0 * node.get_param(name))
    other.get_pipe("mtl").from_bytes(old)
    assert numpy.array_equal(encoder_values(other), expected)


class Secret(Recording):
    """Its state is nothing that can be written."""

    def __init__(self) -> None:
        super().__init__(False)

    def get_state(self) -> Dict[str, Any]:
        return {"values": {1, 2}}

    def set_state(self, state: Dict[str, Any]) -> None:
        pass


def test_state_that_cannot_be_saved(make_nlp: Callable, tmp_path: Path) -> None:
    with registered("own.v1", Secret) as own:
        nlp = make_nlp(encoder=None, weighting=own)
    for save in (nlp.to_bytes, lambda: nlp.to_disk(tmp_path)):
        with pytest.raises(ValueError, match="get_state of the weighting Secret.*cannot be saved"):
            save()


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"step": {}},
        {"weighting": None, "step": None},
        {"weighting": {"of": "Constant", "state": {}}, "step": {}},
        {"weighting": {"of": "Constant", "state": {"step": -1}}, "step": {}},
        {"weighting": {"of": "Constant", "state": {"step": float("nan")}}, "step": {}},
    ],
)
def test_file_that_holds_something_else(make_nlp: Callable, tmp_path: Path, state: Any) -> None:
    make_nlp(encoder=None).to_disk(tmp_path)
    srsly.write_msgpack(tmp_path / "mtl/weighting", state)
    with pytest.raises(ValueError, match="Can't use .*weighting.*damaged.*delete it"):
        spacy.load(tmp_path)


def test_checkpoints_keep_how_linear_layers_are_computed(
    make_nlp: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial decides once. A resumed training goes on with it: results differ in the last bits."""
    monkeypatch.setattr(fast_linear, "_CHOICES", {torch.float32: True})
    mtl = make_nlp(encoder=None).get_pipe("mtl")
    state = srsly.msgpack_loads(srsly.msgpack_dumps(mtl.get_training_state()))
    fast_linear._CHOICES[torch.float32] = False
    mtl.set_training_state({key: value for key, value in state.items() if key != "linear"})
    assert not fast_linear.is_fast(torch.float32)
    mtl.set_training_state(state)
    assert fast_linear.is_fast(torch.float32)
