"""Whole trainings by schedules that look at losses and scores, on several ranks and on one.

Run as a script, it is one of the ranks: see `ranked_steps`.
"""

import pickle
import sys
from pathlib import Path
from typing import Any, Dict, List

from ranked_steps import values_of
from short_training import config_of, set_corpora
from spacy.training.initialize import init_nlp

from spacy_mtl.ranks.group import ALONE, Group
from spacy_mtl.train.training import Training

SCHEDULES: Dict[str, Dict[str, Any]] = {"ByLoss": {}, "ByScore": {}, "Bandit": {"target": "ner"}}


def run(schedule: str, folder: Path, group: Group = ALONE) -> Dict[str, Any]:
    """Train by a schedule, without dropout, with gradients of two parts of each batch.

    RETURNS: "batches" as texts, "values", and the "losses" of each evaluation.
    """
    config = config_of("", None, dropout=0.0, accumulate_gradient=2, eval_frequency=3, max_steps=15)
    path = str(folder / "corpus.spacy")
    block = {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **SCHEDULES[schedule]}
    set_corpora(config, path, block, mixed=False)
    config["corpora"]["dev"]["path"] = path
    config["training"]["optimizer"] = {"@optimizers": "SGD.v1", "learn_rate": 0.1}
    config["training"]["max_epochs"] = -1
    nlp = init_nlp(config)
    batches: List[List[str]] = []
    training = Training(nlp, group=group)
    steps = training.steps(lambda step, batch: batches.append([eg.text for eg in batch]))
    losses = [dict(info["losses"]) for info, is_best in steps if is_best is not None]
    return {"batches": batches, "values": values_of(nlp), "losses": losses}


def main(folder: str) -> None:
    from spacy_mtl.ranks.torch_group import connect

    group = connect()
    found = {name: run(name, Path(folder), group) for name in SCHEDULES}
    Path(folder, f"{group.rank}.pickle").write_bytes(pickle.dumps(found))
    group.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
