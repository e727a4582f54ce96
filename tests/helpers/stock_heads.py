"""Stock components as tasks, whose softmax layers do not begin at zero."""

from typing import Any, Dict

import numpy
import spacy
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

STOCK = {
    "tagger": ("tagger", {"@architectures": "spacy.Tagger.v2"}),
    "textcat": (
        "textcat",
        {
            "@architectures": "spacy.TextCatReduce.v1",
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
        },
    ),
}


def with_stock(encoder: Any, weighting: Dict[str, Any], tasks: Any, **config: Any) -> Language:
    """A pipeline of stock components as tasks, after an `mtl_ner`."""
    nlp = spacy.blank("en")
    add_joint(nlp, encoder, weighting=weighting, **config)
    nlp.add_pipe("mtl_ner", name="ner")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    for task in tasks:
        factory, model = STOCK[task]
        nlp.add_pipe(factory, name=task, config={"model": {**model, "tok2vec": listener}})
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    rng = numpy.random.default_rng(0)
    for task in tasks:
        # thinc starts softmax layers at zero: they would send nothing.
        for node in nlp.get_pipe(task).model.walk():
            if node.has_param("W") and not node.get_param("W").any():
                node.set_param("W", rng.standard_normal(node.get_param("W").shape).astype("f"))
    return nlp
