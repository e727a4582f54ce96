"""The factory of the joint component, with its default config."""

from typing import Any, List, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config, Model

from ..settings import checked
from ..types import TokenVectors
from .checks import refuse_second
from .component import MultiTask
from .find import find_joint
from .fork import use_one_thread_after_fork
from .missing_encoder import explain_missing_encoder

DEFAULT_CONFIG = """
[mtl]
gradients = null
every = null
learn_rate_scale = null

[mtl.model]
@architectures = "spacy_mtl.HardSharing.v1"

[mtl.model.tok2vec]
@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
pooling = {"@layers":"reduce_mean.v1"}
upstream = "*"

[mtl.weighting]
@mtl_weightings = "spacy_mtl.Balanced.v1"
weights = {}
"""


@Language.factory(
    "mtl", assigns=["doc.tensor"], default_config=Config().from_str(DEFAULT_CONFIG)["mtl"]
)
@checked("mtl", "[components.{name}]")
def make_multi_task(
    nlp: Language,
    name: str,
    model: Model[List[Doc], TokenVectors],
    weighting: Any,  # A Weighting, but the component's error says more than spaCy's validation.
    gradients: Optional[str] = None,
    every: Union[int, str, None] = None,
    learn_rate_scale: Optional[float] = None,
) -> "MultiTask":
    """Create the component that trains one shared encoder on all tasks after it.

    model (Model[List[Doc], List[Floats2d]]): A sharing scheme around an encoder.
    weighting (Weighting): Combines the tasks' gradients into one.
    gradients (Optional[str]): Where the tasks' gradients are weighed: "representation" (one
        backward pass through the encoder) or "parameters" (one pass per task). None: where the
        weighting works best.
    every (Union[int, str, None]): At the parameters, the number of steps between measurements, or
        "auto"; None: one pass per task in each step ("auto" if `gradients` is None).
    learn_rate_scale (Optional[float]): Learning rate factor for the layers of the sharing scheme.
        None: it is found on initialization, see `OwnRate`.
    RAISES (ValueError): If the pipeline already has a component of this kind.
    """
    other = find_joint(nlp)
    if other is not None:
        refuse_second(other[0], name)
    explain_missing_encoder(nlp)
    use_one_thread_after_fork()
    return MultiTask(
        nlp.vocab,
        model,
        name,
        weighting=weighting,
        gradients=gradients,
        every=every,
        learn_rate_scale=learn_rate_scale,
        nlp=nlp,
    )
