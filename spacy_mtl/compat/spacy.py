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
from thinc.types import Floats2d

#: Where a Tok2VecListener, and the TransformerListener that is made like it, keep a batch.
_RUN_STATE = ("_batch_id", "_outputs", "_backprop")


def is_listener(node: Any) -> bool:
    """Tell whether a layer takes what a component before its own has computed.

    Looks for `upstream_name`: Tok2VecListener and TransformerListener share no base class, and
    spacy-transformers need not be installed for the former.

    node (Model): A layer.
    RETURNS (bool): Whether it does.
    """
    return hasattr(node, "upstream_name")


def holds_batch(node: Any) -> bool:
    """Tell whether a listener has been given a batch that it has not answered.

    Reaches for `_batch_id`: `receive` sets it, and nothing public tells.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (bool): Whether it has.
    """
    return node._batch_id is not None


def take_callback(node: Any) -> Dict[str, Any]:
    """Take the batch away that a listener holds, with its callback.

    Reaches for `_batch_id`, `_outputs` and `_backprop`. `receive` overwrites them, so that the
    callback of a step that closes late would be lost; and callbacks can't be pickled.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (Dict[str, Any]): What it held, for `give_callback`.
    """
    state = {key: getattr(node, key) for key in _RUN_STATE}
    for key in _RUN_STATE:
        setattr(node, key, None)
    return state


def give_callback(node: Any, state: Dict[str, Any]) -> None:
    """Give a listener the batch back that was taken from it.

    Reaches for `_batch_id`, `_outputs` and `_backprop`: see `take_callback`.

    node (Model): A Tok2VecListener or TransformerListener.
    state (Dict[str, Any]): What `take_callback` returned.
    """
    for key, value in state.items():
        setattr(node, key, value)


def callback_of(node: Any) -> Optional[Any]:
    """Look at the callback that a listener holds.

    Reaches for `_backprop`: running the listener would give it, but a Tok2VecListener then checks
    its input.

    node (Model): A Tok2VecListener or TransformerListener.
    RETURNS (Optional[Callable]): The callback.
    """
    return node._backprop


def set_callback(node: Any, callback: Any) -> None:
    """Replace the callback that a listener holds, and leave the batch as it is.

    Reaches for `_backprop`: `receive` would need the batch id and the outputs as well.

    node (Model): A Tok2VecListener or TransformerListener.
    callback (Callable): The callback.
    """
    node._backprop = callback


def gradient_sums(callback: Any) -> List[Floats2d]:
    """Find where a Tok2Vec adds up what its listeners send back.

    Reaches for `d_tokvecs`, a variable in a closure of `Tok2Vec.update`. Each backward pass adds
    to it and sends the sum, so it has to be emptied between passes of one step.

    callback (Callable): What a Tok2Vec handed to one of its listeners.
    RETURNS (List[Floats2d]): The arrays, one a document.
    RAISES (RuntimeError): If they are not there.
    """
    found = inspect.getclosurevars(callback).nonlocals
    if "d_tokvecs" not in found:
        found = inspect.getclosurevars(found.get("accumulate_gradient", callback)).nonlocals
    if "d_tokvecs" not in found:
        raise RuntimeError(
            "This version of spaCy's Tok2Vec keeps gradients elsewhere, so that gradients = "
            "\"parameters\" is not possible behind a component of it. Give 'mtl' an encoder of its "
            'own in [components.mtl.model.tok2vec], or set gradients = "representation".'
        )
    return found["d_tokvecs"]


def frozen_components(nlp: Language) -> Sequence[str]:
    """Find out which components are frozen.

    Reaches for `Language._config`: `Language.config` copies the blocks of all components at
    each access, and this is asked at each step.

    nlp (Language): The pipeline.
    RETURNS (Sequence[str]): Their names.
    """
    frozen = nlp._config.get("training", {}).get("frozen_components", [])
    # A reference to another value of the config.
    if isinstance(frozen, str):
        frozen = nlp.config.interpolate()["training"]["frozen_components"]
    return frozen


def find_pipeline(component: Any, vocab: Vocab) -> Optional[Language]:
    """Find the pipeline that a component is in, among all that are in memory: the last resort.

    Reaches for every object of the process. spaCy tells a component that was sourced nothing of
    the pipeline that it is in now, and `spacy train` with "source" in the config is the usual
    way to continue a training.

    component (Pipe): The component.
    vocab (Vocab): The vocabulary of the pipeline.
    RETURNS (Optional[Language]): The pipeline. None if there is not exactly one.
    """
    # The pipeline that it was sourced from has the same vocabulary, and is garbage, if in cycles.
    gc.collect()
    found = [
        nlp
        for nlp in gc.get_objects()
        # Asking by isinstance would run code of proxies.
        if issubclass(type(nlp), Language)
        and getattr(nlp, "vocab", None) is vocab
        and any(pipe is component for _, pipe in nlp.components)
    ]
    return found[0] if len(found) == 1 else None


def add_parser_actions(parser: DependencyParser, examples: Iterable[Example]) -> None:
    """Have a parser know the actions of some texts before it is initialised.

    Reaches for `moves`, its transition system, as `initialize` does: `add_label` would add each
    label to actions that have none.

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
    """Have a lemmatizer know the edit trees of some texts before it is initialised.

    Reaches for `_labels_from_data`: its labels are numbers of trees, so that `add_label` is no
    way. `initialize` calls it with the first texts of a corpus.

    lemmatizer (EditTreeLemmatizer): The lemmatizer.
    examples (Iterable[Example]): The texts.
    """
    lemmatizer._labels_from_data(lambda: examples)


def register_all() -> None:
    """Have spaCy register all that it brings.

    Reaches for `spacy.registrations` and `spacy.pipeline.factories`: spaCy calls them when a
    function is looked up, which also imports every package that offers one.
    """
    # Older versions lack the modules below, and register all with these.
    import_module("spacy.pipeline")
    import_module("spacy.training")
    with suppress(ModuleNotFoundError):
        import_module("spacy.registrations").populate_registry()
    with suppress(ModuleNotFoundError):
        import_module("spacy.pipeline.factories").register_factories()


def add_registry(name: str, found: Any) -> None:
    """Add a registry to spaCy's, under a name that a config can use after an '@'.

    Sets an attribute of the class `spacy.util.registry`. Its method `create` would put the
    registry under thinc's name, and packages would have to offer their functions as entry
    points of "thinc_...".

    name (str): The name.
    found (catalogue.Registry): The registry. One that is there already stays.
    """
    if not hasattr(registry, name):
        setattr(registry, name, found)
