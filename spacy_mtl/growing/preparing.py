"""From a trained pipeline and a config to a pipeline that is ready to learn a new task."""

from itertools import islice
from pathlib import Path
from typing import Any, Callable, Iterable, List, Sequence

from spacy.language import Language
from spacy.schemas import ConfigSchemaInit, validate_init_settings
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config, fix_random_seed

from ..joint.component import MultiTask
from ..joint.find import has_pretrained_encoder
from ..joint.pipeline import find_upstream, upstream_listeners
from ..learn_rate import OwnRate
from .declaring import declare, misleads, undrawn
from .new_heads import NewHead, add_new_heads, check_apart, joint_of, read_new_heads
from .opening import open_pipeline
from .rehearsal import set_rehearsal
from .settings import OF_VOCAB, set_blocks, set_defaults, weigh_scores, with_defaults
from .survey import Corpora, annotated, check_counts, count, read_corpora
from .ways import ADAPTER, FREEZE, GrowingError, Way

#: As spaCy does: the texts of a stream that heads see when they are initialized.
_N_STREAMED = 100
_HOOKS = ("before_init", "after_init")


def prepare(before: Language, given: Config, way: Way, cache: Path) -> Language:
    """Make a trained pipeline ready to learn new tasks.

    Everything of the pipeline stays as it is: vocabulary, tokenizer, components and what they have
    learned. Only new heads are initialized.

    before (Language): The trained pipeline. Not changed.
    given (Config): The config with the new heads and their corpora, not interpolated.
    way (Way): How tasks are added.
    cache (Path): The folder for the probabilities of a teacher.
    RETURNS (Language): The pipeline. Its config is that of the training.
    RAISES (ValueError): If pipeline, config, corpora and way don't fit together.
    """
    _check_frozen(given)
    complete = with_defaults(before, given)
    interpolated = complete.interpolate()
    heads = read_new_heads(interpolated, before)
    new = [head.name for head in heads]
    # New parts of the sharing scheme are random, too.
    _fix_chance(interpolated)
    nlp = open_pipeline(before, way, new)
    add_new_heads(nlp, heads)
    joint = joint_of(nlp)
    old = [name for name in nlp.component_names if name not in new]
    set_blocks(nlp, complete)
    training = nlp.config["training"]
    training["frozen_components"] = old
    corpora = read_corpora(nlp, undrawn(nlp))
    train, dev = count(nlp, corpora.train), count(nlp, corpora.dev)
    check_counts(nlp, train, dev, new)
    asked: Any = given.get("training", {}).get("annotating_components") or []
    set_defaults(nlp, joint, given, train, dev)
    training = nlp.config["training"]
    if misleads(nlp, dev, joint.tasks):
        declare(nlp, "dev_corpus", dev, joint.tasks)
    upstream = [name for name, _ in find_upstream(nlp, upstream_listeners(joint.model))]
    trained: List[str] = []
    if way.name == FREEZE:
        asked = [*upstream, joint.name, *asked]
    elif way.name == ADAPTER:
        trained = [joint.name]
    else:
        heads_trained = set_rehearsal(nlp, joint, way, new, train, cache)
        trained = [*upstream, joint.name, *heads_trained]
    training["annotating_components"] = list(dict.fromkeys(asked))
    training["frozen_components"] = [name for name in old if name not in trained]
    _fix_chance(interpolated)
    hooks = given.get("initialize", {})
    _initialize(nlp, heads, read_corpora(nlp), [name for name in _HOOKS if name in hooks])
    check_apart(nlp, heads)
    _start(nlp, joint, trained)
    scored = [*new, *(name for name in annotated(nlp, dev, joint.tasks) if name in trained)]
    weigh_scores(nlp, scored, given)
    return nlp


def _check_frozen(given: Config) -> None:
    frozen: Any = given.get("training", {}).get("frozen_components")
    if frozen:
        raise GrowingError(
            f"'frozen_components' in [training] of the config is {frozen}, but --freeze, --adapter "
            "and --rehearse say what is trained. Leave it out."
        )


def _fix_chance(config: Config) -> None:
    seed = config["training"]["seed"]
    if seed is not None:
        fix_random_seed(seed)


def _initialize(
    nlp: Language, heads: Sequence[NewHead], corpora: Corpora, hooks_asked: Sequence[str]
) -> None:
    """Initialize the new heads, as `nlp.initialize` does, and nothing else.

    That would also initialize the vocabulary and some languages' tokenizers. Of hooks, only those
    of the new config are called: those that the pipeline was made with may change it, too.
    """
    config = nlp.config.interpolate()
    not_asked = [name for name in (*OF_VOCAB, *_HOOKS) if name not in hooks_asked]
    block = {**config["initialize"], **dict.fromkeys(not_asked), "tokenizer": {}}
    settings: Any = registry.resolve(block, schema=ConfigSchemaInit)
    hooks = settings["before_init"], settings["after_init"]
    _call(hooks[0], nlp)
    for head in heads:
        pipe: Any = nlp.get_pipe(head.name)
        if hasattr(pipe, "initialize"):
            given = settings["components"].get(head.name, {})
            own = validate_init_settings(
                pipe.initialize, given, section="components", name=head.name
            )
            pipe.initialize(_examples(nlp, corpora), nlp=nlp, **own)
    _call(hooks[1], nlp)


def _examples(nlp: Language, corpora: Corpora) -> Callable[[], Iterable[Example]]:
    if corpora.is_streamed:
        return lambda: islice(corpora.train(nlp), _N_STREAMED)
    return lambda: corpora.train(nlp)


def _call(hook: Any, nlp: Language) -> None:
    if hook is not None:
        hook(nlp)


def _start(nlp: Language, joint: MultiTask, trained: Sequence[str]) -> None:
    """Let what was trained before start over: rates, and what the weighting knows of the tasks."""
    for name in trained:
        pipe: Any = nlp.get_pipe(name)
        if isinstance(pipe, OwnRate):
            is_beside = has_pretrained_encoder(nlp)
            if pipe is joint:
                is_beside = joint.is_pretrained and not joint.scheme.is_pretrained
            pipe.find_learn_rate_scale(nlp, is_beside)
    if joint.name in trained:
        joint.forget()
        joint.scheme.check_tasks(joint.tasks)
        joint.weighting.check_tasks(joint.tasks)
