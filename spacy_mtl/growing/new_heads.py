"""The new heads of a config, to be added to a trained pipeline."""

from dataclasses import dataclass
from itertools import count
from typing import Any, Dict, List, Optional

from spacy.language import Language
from thinc.api import Config

from ..joint.component import MultiTask
from ..joint.find import find_joint
from ..tasks.collisions import find_collisions
from .ways import GrowingError

#: Factories of components that the pipeline has of its own: the joint one, and encoders.
_SHARED = ("mtl", "transformer", "curated_transformer", "tok2vec")
#: Layers that listen to the joint component.
_LISTENERS = ("spacy_mtl.TaskListener.v1", "spacy.Tok2VecListener.v1")


@dataclass(frozen=True)
class NewHead:
    """A component to add.

    name (str): Its name.
    factory (str): Its factory.
    settings (Dict[str, Any]): Its other settings.
    """

    name: str
    factory: str
    settings: Dict[str, Any]


def joint_of(nlp: Language) -> MultiTask:
    """Find the joint component that the new head will listen to.

    nlp (Language): The trained pipeline.
    RETURNS (MultiTask): The component.
    RAISES (GrowingError): If there is none.
    """
    found = find_joint(nlp)
    if found is None:
        raise GrowingError(
            "The pipeline has no component of factory 'mtl', whose encoder a new head could "
            f"share: it has {', '.join(nlp.component_names) or 'nothing'}. Train one with `python "
            "-m spacy mtl train`, as `python -m spacy mtl init-config` recommends it."
        )
    return found[1]


def read_new_heads(config: Config, nlp: Language) -> List[NewHead]:
    """Find the new heads in a config.

    config (Config): The interpolated config: a complete one, or one with the new heads alone.
        Encoders and joint components in it are left out: the pipeline has its own.
    nlp (Language): The trained pipeline.
    RETURNS (List[NewHead]): The new heads, in the order of the config.
    RAISES (GrowingError): If there are none, or one can't be added.
    """
    joint = joint_of(nlp)
    blocks: Any = config.get("components")
    blocks = blocks if isinstance(blocks, dict) else {}
    names = config.get("nlp", {}).get("pipeline") or list(blocks)
    found = []
    for name in names:
        block = blocks.get(name)
        if not isinstance(block, dict) or not block.get("factory"):
            raise GrowingError(_no_factory(name, block))
        if block["factory"] in _SHARED:
            continue
        if name in nlp.component_names:
            raise GrowingError(
                f"The pipeline has a component '{name}' already, so [components.{name}] of the "
                f"config can't be added. If the task is a new one, call it '{_free(name, nlp)}', "
                "say, also where the corpora list their 'tasks'. If it isn't, remove the block: "
                "add-task takes the old components from the pipeline."
            )
        found.append(NewHead(name, block["factory"], _settings(nlp, block, joint.name)))
    if not found:
        known = ", ".join(names) or "nothing"
        raise GrowingError(
            f"The config has no new head: its [components] have {known}. Add a block "
            '[components.NAME] with a factory such as "mtl_tagger", "mtl_ner", "mtl_textcat" or '
            '"mtl_textcat_multilabel".'
        )
    return found


def add_new_heads(nlp: Language, heads: List[NewHead]) -> None:
    """Add new heads at the end of a pipeline. They are not initialized.

    nlp (Language): The pipeline.
    heads (List[NewHead]): The heads.
    RAISES (GrowingError): If one doesn't listen to the joint component.
    """
    joint = joint_of(nlp)
    for head in heads:
        nlp.add_pipe(head.factory, name=head.name, config=head.settings)
    joint.bind(nlp)
    for head in heads:
        if head.name not in joint.tasks:
            raise GrowingError(
                f"The new head '{head.name}' doesn't listen to '{joint.name}', so it would share "
                f"nothing with the old tasks. Set [components.{head.name}.model.tok2vec] to "
                f'@architectures = "spacy_mtl.TaskListener.v1" with upstream = "{joint.name}".'
            )


def check_apart(nlp: Language, heads: List[NewHead]) -> None:
    """Reject new heads that would overwrite what others set.

    nlp (Language): The pipeline. All heads have their labels.
    heads (List[NewHead]): The new heads.
    RAISES (GrowingError): If two set the same annotation.
    """
    for head in heads:
        for message in find_collisions(nlp, head.name, nlp.component_names):
            raise GrowingError(message)


def _settings(nlp: Language, block: Dict[str, Any], joint: str) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings of a head, which listens to the joint component."""
    factory = block["factory"]
    given = {key: value for key, value in block.items() if key != "factory"}
    if not nlp.has_factory(factory):
        # spaCy's own error says which factories there are.
        return given
    defaults = nlp.get_factory_meta(factory).default_config or {}
    filled: Any = Config(defaults).copy().merge(Config(given))
    _connect(filled, joint)
    return dict(filled)


def _connect(block: Any, joint: str) -> None:
    if not isinstance(block, dict):
        return
    if block.get("@architectures") in _LISTENERS and block.get("upstream") != "*":
        block["upstream"] = joint
    for value in block.values():
        _connect(value, joint)


def _free(name: str, nlp: Language) -> str:
    names = (f"{name}_{n}" for n in count(2))
    return next(each for each in names if each not in nlp.component_names)


def _no_factory(name: str, block: Optional[Any]) -> str:
    if not isinstance(block, dict):
        return (
            f"'pipeline' in [nlp] of the config has '{name}', but there is no block "
            f"[components.{name}]. Add it, or remove the name."
        )
    if block.get("source"):
        return (
            f"[components.{name}] of the config has a 'source', but add-task takes old components "
            "from the pipeline, and trains new ones from the start. Remove the block, or give it a "
            "'factory'."
        )
    return (
        f"[components.{name}] of the config has no 'factory', so it isn't known what to add. Set "
        'one, such as factory = "mtl_textcat".'
    )
