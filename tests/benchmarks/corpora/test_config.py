"""The configs of the comparison on several corpora."""

from pathlib import Path
from typing import Any, Dict, Set, Tuple

import pytest
import spacy
from spacy.schemas import ConfigSchemaTraining
from spacy.util import registry, resolve_dot_names


@pytest.mark.usefixtures("tiny_corpus")
def test_configs_of_several_corpora(
    benchmark_module: Any, encoder_dir: str, tmp_path: Path
) -> None:
    """All systems train on the same texts for the same number of steps."""
    config_of = benchmark_module("corpora.config").config_of
    runs = [run for run in benchmark_module("corpora.runs").all_runs() if run.seed == 0]
    assert len({run.name for run in runs}) == len(runs)
    steps: Dict[Tuple[str, bool], Set[int]] = {}
    for run in runs:
        config = config_of(run, encoder_dir, tmp_path)
        nlp = spacy.util.load_model_from_config(config, auto_fill=True)
        assert set(run.tasks) < set(nlp.pipe_names)
        training = nlp.config.interpolate()["training"]
        registry.resolve(training, schema=ConfigSchemaTraining)
        resolve_dot_names(nlp.config.interpolate(), ["corpora.train", "corpora.dev"])
        steps.setdefault((run.plan, "alone" in run.system), set()).add(training["max_steps"])
    assert all(len(found) == 1 for found in steps.values())
    plans = benchmark_module("corpora.plans")
    for plan in plans.COMPARED:
        (alone,), (joint,) = steps[plan, True], steps[plan, False]
        assert joint == len(plans.PLANS[plan].tasks) * alone
