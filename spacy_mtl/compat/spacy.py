"""Private parts of spaCy."""

import gc
import inspect
from contextlib import suppress
from importlib import import_module
from typing import Any, Dict, Iterable, List, Optional, Sequence

from spacy.language import Language
from spacy.pipeline import DependencyParser, EditTreeLemmatizer
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Optimizer
from thinc.types import Floats2d

#: Where a Tok2VecListener and the similar TransformerListener store a batch.
_RUN_STATE = ("_batch_id", "_outputs", "_backprop")


def is_listener(node: Any) -> bool:
    """Check whether a layer listens to an earlier component.

    Looks for `upstream_name`: Tok2VecListener and TransformerListener have no common base class,
    and the former works without spacy-transformers.

    node (Model): A layer.
    RETURNS (bool): Whether it is a listener.
    """
    return hasattr(node, "upstream_name")


def holds_batch(node: Any) -> bool:
    """Check whether a listener holds a batch that it hasn't backpropagated yet.

    Uses `_batch_id`: `receive` sets it, and there is no public way to read it.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (bool): Whether it holds one.
    """
    return node._batch_id is not None


def take_callback(node: Any) -> Dict[str, Any]:
    """Remove the batch that a listener holds, with its callback.

    Uses `_batch_id`, `_outputs` and `_backprop`. `receive` overwrites them, which would lose the
    callback of a step that finishes late; and callbacks can't be pickled.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (Dict[str, Any]): The removed state, for `give_callback`.
    """
    state = {key: getattr(node, key) for key in _RUN_STATE}
    for key in _RUN_STATE:
        setattr(node, key, None)
    return state


def give_callback(node: Any, state: Dict[str, Any]) -> None:
    """Restore the batch that was removed from a listener.

    Uses `_batch_id`, `_outputs` and `_backprop`: see `take_callback`.

    node (Model): A Tok2VecListener or TransformerListener.
    state (Dict[str, Any]): The output of `take_callback`.
    """
    for key, value in state.items():
        setattr(node, key, value)


def callback_of(node: Any) -> Optional[Any]:
    """Get the callback that a listener holds.

    Uses `_backprop`: running the listener would return it, but a Tok2VecListener then checks its
    input.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (Optional[Callable]): The callback.
    """
    return node._backprop


def set_callback(node: Any, callback: Any) -> None:
    """Replace the callback that a listener holds, without changing the batch.

    Uses `_backprop`: `receive` would also need the batch id and the outputs.

    node (Model): A Tok2VecListener or TransformerListener.
    callback (Callable): The callback.
    """
    node._backprop = callback


def gradient_sums(callback: Any) -> List[Floats2d]:
    """Get the arrays in which a Tok2Vec sums its listeners' gradients.

    Uses `d_tokvecs`, a variable in a closure of `Tok2Vec.update`. Each backward pass adds to it
    and sends the sum, so it must be zeroed between the passes of one step.

    callback (Callable): The callback that a Tok2Vec passed to one of its listeners.
    RETURNS (List[Floats2d]): The arrays, one per document.
    RAISES (RuntimeError): If they can't be found.
    """
    found = inspect.getclosurevars(callback).nonlocals
    if "d_tokvecs" not in found:
        found = inspect.getclosurevars(found.get("accumulate_gradient", callback)).nonlocals
    if "d_tokvecs" not in found:
        raise RuntimeError(
            "This version of spaCy's Tok2Vec stores gradients elsewhere, so gradients = "
            "\"parameters\" is not possible behind a 'tok2vec' component. Give 'mtl' its own "
            'encoder in [components.mtl.model.tok2vec], or set gradients = "representation" with a '
            "weighting that works there, such as spacy_mtl.Constant.v1."
        )
    return found["d_tokvecs"]


def frozen_components(nlp: Language) -> Sequence[str]:
    """Get the frozen components.

    Uses `Language._config`: `Language.config` copies the blocks of all components on each
    access, and this is called in each step.

    nlp (Language): The pipeline.
    RETURNS (Sequence[str]): Their names.
    """
    return _components_in(nlp, "frozen_components")


def annotating_components(nlp: Language) -> Sequence[str]:
    """Get the components that annotate the texts of a training.

    Uses `Language._config`: see `frozen_components`.

    nlp (Language): The pipeline.
    RETURNS (Sequence[str]): Their names.
    """
    return _components_in(nlp, "annotating_components")


def _components_in(nlp: Language, key: str) -> Sequence[str]:
    found = nlp._config.get("training", {}).get(key, [])
    # A reference to another value in the config.
    if isinstance(found, str):
        found = nlp.config.interpolate()["training"][key]
    return found


def optimizer_of(nlp: Language) -> Optimizer:
    """Get the optimizer of a pipeline, as `nlp.update` does without one.

    Uses `Language._optimizer`: `nlp.resume_training` returns it, but also copies the models of all
    components that rehearse, which makes them forget what they had.

    nlp (Language): The pipeline.
    RETURNS (Optimizer): The optimizer. If there is none, training is resumed with a new one.
    """
    return nlp.resume_training() if nlp._optimizer is None else nlp._optimizer


def find_pipeline(component: Any, vocab: Vocab) -> Optional[Language]:
    """Find a component's pipeline among all objects in memory, as a last resort.

    Walks every object of the process. spaCy doesn't tell a sourced component which pipeline it
    is in now, and `spacy train` with "source" in the config is the usual way to continue
    training.

    component (Pipe): The component.
    vocab (Vocab): The vocabulary of the pipeline.
    RETURNS (Optional[Language]): The pipeline. None if there isn't exactly one.
    """
    # The pipeline it was sourced from has the same vocab, and may be uncollected cyclic garbage.
    gc.collect()
    found = [
        nlp
        for nlp in gc.get_objects()
        # isinstance would run the code of proxies.
        if issubclass(type(nlp), Language)
        and getattr(nlp, "vocab", None) is vocab
        and any(pipe is component for _, pipe in nlp.components)
    ]
    return found[0] if len(found) == 1 else None


def add_parser_actions(parser: DependencyParser, examples: Iterable[Example]) -> None:
    """Add the actions in some texts to a parser before it is initialized.

    Uses `moves`, its transition system, like `initialize`: `add_label` would add each label to
    actions that have none.

    parser (DependencyParser): The parser.
    examples (Iterable[Example]): The texts.
    """
    actions = parser.moves.get_actions(
        examples=examples,
        min_freq=parser.cfg["min_action_freq"],
        learn_tokens=parser.cfg["learn_tokens"],
    )
    for action, found in actions.items():
        for label in sorted(found, key=found.__getitem__, reverse=True):
            parser.moves.add_action(action, label)


def add_lemmatizer_trees(lemmatizer: EditTreeLemmatizer, examples: Iterable[Example]) -> None:
    """Add the edit trees of some texts to a lemmatizer before it is initialized.

    Uses `_labels_from_data`: its labels are tree indices, so `add_label` doesn't work.
    `initialize` calls it with the first texts of a corpus.

    lemmatizer (EditTreeLemmatizer): The lemmatizer.
    examples (Iterable[Example]): The texts.
    """
    lemmatizer._labels_from_data(lambda: examples)


def register_all() -> None:
    """Make spaCy register all of its functions.

    Uses `spacy.registrations` and `spacy.pipeline.factories`: spaCy calls them when a function
    is looked up, which also imports every package that offers one.
    """
    # Older versions don't have the modules below, and register everything with these.
    import_module("spacy.pipeline")
    import_module("spacy.training")
    with suppress(ModuleNotFoundError):
        import_module("spacy.registrations").populate_registry()
    with suppress(ModuleNotFoundError):
        import_module("spacy.pipeline.factories").register_factories()


def add_registry(name: str, found: Any) -> None:
    """Add a registry to spaCy's, with a name that a config can use after an '@'.

    Sets an attribute of the class `spacy.util.registry`. Its `create` method would use thinc's
    namespace, so packages would have to offer their functions as "thinc_..." entry points.

    name (str): The name.
    found (catalogue.Registry): The registry. An existing one is not replaced.
    """
    if not hasattr(registry, name):
        setattr(registry, name, found)
