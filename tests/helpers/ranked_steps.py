"""Train tiny pipelines on shares of batches, by one rank or by several that start here.

Run as a script, it is one of the ranks: it trains all cases, and writes their values to a file.
"""

import os
import pickle
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy
import spacy
from python_path import python_path
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from thinc.optimizers import SGD
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint
from torch.distributed.elastic.utils.distributed import get_free_port

from spacy_mtl.parameters import slots_of
from spacy_mtl.ranks.group import ALONE, Group, join
from spacy_mtl.ranks.parsers import add_labels, note_seen, parsers_of
from spacy_mtl.ranks.reduction import Reduction
from spacy_mtl.ranks.torch_group import environment_of
from spacy_mtl.sharing.contract import scheme_of

N_STEPS = int(os.environ.get("N_STEPS", "20"))
#: By rank, the texts of a step and what they are annotated with. None is everything.
SHARES = [
    [[(0, None), (1, None), (2, None)], [(3, None)]],
    [[(0, "ents"), (2, "ents")], [(1, "tag"), (3, "cats"), (2, "tag")]],
    [[(0, None), (1, "ents"), (2, None)], []],
    [[(1, "cats")], [(0, None), (2, None), (3, "")]],
    [[(3, "")], [(0, None), (1, None)]],
]


class Case:
    """A pipeline, and how it is trained.

    make: Makes the pipeline from the folder of an encoder.
    frozen: Components that are not trained.
    adam: Whether by Adam; by default by plain gradient descent.
    rate: The learning rate of plain gradient descent.
    examples: Makes the texts that have all annotation.
    tolerance: The largest difference of a value.
    """

    def __init__(
        self,
        make: Callable[[str], Language],
        *,
        frozen: Sequence[str] = (),
        adam: bool = False,
        kind: str = "float32",
        rate: float = 0.1,
        examples: Callable[[Language], List[Example]] = make_examples,
        tolerance: float = 1e-5,
    ) -> None:
        self.make = make
        self.frozen = frozen
        self.adam = adam
        self.kind = kind
        self.rate = rate
        self.examples = examples
        self.tolerance = tolerance

    def run(self, encoder: str, group: Group = ALONE) -> Dict[str, Any]:
        """Train, and return the values and losses. One rank gets the texts of all."""
        fix_random_seed(0)
        nlp = self.make(encoder)
        fix_random_seed(1)
        join(nlp, group)
        sgd = Adam(0.003) if self.adam else SGD(self.rate)
        reduction = Reduction(
            nlp, group, frozen=self.frozen, kind=self.kind, bucket=1000, table=100
        )
        before = values_of(nlp)
        losses: Dict[str, float] = {}
        nlp.config["training"]["frozen_components"] = list(self.frozen)
        for step in range(N_STEPS):
            shares = SHARES[step % len(SHARES)]
            own = [each for share in shares for each in share]
            if group.size > 1:
                own = shares[group.rank]
            with group.own_chance():
                # As the loop does.
                parsers = parsers_of(nlp, self.frozen)
                with group.common_chance():
                    everything = [each for share in shares for each in share]
                    add_labels(parsers, self.make_share(nlp, everything))
                examples = self.make_share(nlp, own)
                nlp.update(examples, sgd=False, losses=losses, exclude=list(self.frozen))
                nlp.get_pipe("mtl").end_step()
                note_seen(parsers, group)
                reduction.reduce()
                for name, pipe in nlp.pipeline:
                    if name not in self.frozen:
                        pipe.finish_update(sgd)
        trained = [name for name in nlp.pipe_names if name not in self.frozen]
        ours = {name: losses[name] for name in trained if hasattr(nlp.get_pipe(name), "group")}
        scheme = scheme_of(nlp.get_pipe("mtl").model.get_ref("sharing"))
        classes = scheme.get_state().get("classes")
        labels = {name: pipe.move_names for name, pipe in parsers_of(nlp).items()}
        return {
            **{"before": before, "values": values_of(nlp), "losses": ours},
            **{"classes": classes, "labels": labels},
        }

    def make_share(self, nlp: Language, texts: Sequence[Any]) -> List[Example]:
        kept = {keep: make_examples(nlp, keep) for keep in ("ents", "tag", "cats", "")}
        everything = self.examples(nlp)
        found = [everything[i] if keep is None else kept[keep][i] for i, keep in texts]
        return found or [Example(Doc(nlp.vocab), Doc(nlp.vocab))]


def values_of(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {slot.address: numpy.array(slot.value) for slot in slots_of(nlp) if slot.is_set}


def pipeline(
    encoder: Any = None,
    heads: Optional[Dict[str, Any]] = None,
    examples: Callable[[Language], List[Example]] = make_examples,
    **settings: Any,
) -> Language:
    """Make an initialized pipeline: see `add_joint`."""
    nlp = spacy.blank("en")
    add_joint(nlp, encoder, **settings)
    for name, factory in (HEADS if heads is None else heads).items():
        factory, config = (factory, {}) if isinstance(factory, str) else factory
        nlp.add_pipe(factory, name=name, config=config)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def start_ranks(
    module: str, arguments: Sequence[str], n_ranks: int = 2, **environment: str
) -> List[Any]:
    """Start processes that find each other."""
    port = get_free_port()
    shared = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": python_path(),
        **environment,
    }
    return [
        subprocess.Popen(
            [sys.executable, module, *arguments],
            env={**shared, **environment_of(rank, n_ranks, port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(n_ranks)
    ]


def run_on_ranks(
    folder: Path, *arguments: str, module: str = __file__, n_ranks: int = 2
) -> List[Dict[str, Any]]:
    """Run all cases of a module, with a folder and arguments, on several ranks at once.

    RETURNS: What each rank has found, by case.
    """
    processes = start_ranks(module, [str(folder), *arguments], n_ranks)
    with ExitStack() as stack:
        for process in processes:
            stack.callback(process.kill)
        for process in processes:
            output, _ = process.communicate(timeout=900)
            assert process.returncode == 0, output
    return [pickle.loads((folder / f"{rank}.pickle").read_bytes()) for rank in range(n_ranks)]


def main(folder: str, encoder: str, *names: str) -> None:
    from ranked_cases import CASES, CASES_OF_CLASSES

    from spacy_mtl.ranks.torch_group import connect

    group = connect()
    cases = {**CASES, **CASES_OF_CLASSES}
    found = {name: cases[name].run(encoder, group) for name in names or cases}
    Path(folder, f"{group.rank}.pickle").write_bytes(pickle.dumps(found))
    group.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
