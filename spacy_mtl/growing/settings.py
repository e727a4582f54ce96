"""The settings of the training of a new head: what the config leaves out has defaults."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Sequence

from spacy.language import Language
from spacy.util import CONFIG_SECTION_ORDER
from thinc.api import Config

from ..hints import nearest
from ..joint.component import MultiTask
from ..recommend.blocks import set_training
from ..recommend.budget import choose_budget
from ..recommend.draft import Draft
from ..recommend.encoder import RATE, SMALL_RATE, EncoderChoice
from ..recommend.survey import Facts
from ..recommend.wishes import Wishes
from ..report.corpora import CorpusCounts
from ..tasks.scores import score_weights_of
from .ways import GrowingError

#: Blocks that the pipeline has of its own, and one that nothing here reads.
_NOT_TAKEN = ("nlp", "components", "pretraining", "initialize")
#: Settings of [initialize] that change the vocabulary or the tokenizer, which old tasks need.
OF_VOCAB = ("vectors", "vocab_data", "lookups", "init_tok2vec", "tokenizer")
#: The width up to which an encoder is small, the rate without a pretrained one, and the
#: evaluations of a training whose length is set.
_SMALL, _CNN_RATE, _EVALUATIONS = 384, 2e-3, 10


def with_defaults(nlp: Language, given: Config) -> Config:
    """Fill in the blocks of a config that others refer to, and the settings of spaCy's reader.

    nlp (Language): The trained pipeline.
    given (Config): The config, not interpolated.
    RETURNS (Config): The config with spaCy's defaults, not interpolated.
    RAISES (GrowingError): If [training] has a setting that doesn't exist.
    """
    known = Config(nlp.default_config).copy()
    for key in given.get("training", {}):
        # spaCy would drop it silently.
        if key not in known["training"]:
            raise GrowingError(
                f"'{key}' in [training] of the config: there is no such setting. "
                f"{nearest(key, known['training'])}The settings are: "
                f"{', '.join(known['training'])}."
            )
    defaults = {name: known[name] for name in ("paths", "system", "training")}
    asked: Any = given.get("corpora")
    asked = asked if isinstance(asked, dict) else {}
    defaults["corpora"] = {key: known["corpora"][key] for key in ("train", "dev") if key in asked}
    return Config(defaults, is_interpolated=False).merge(given)


def set_blocks(nlp: Language, given: Config) -> None:
    """Give a pipeline the blocks of a config about training, in place of those it was trained with.

    Blocks about the vocabulary and tokenizer stay as they are.

    nlp (Language): The pipeline, which has the new heads.
    given (Config): The config, from `with_defaults`.
    """
    taken = {name: block for name, block in given.items() if name not in _NOT_TAKEN}
    before: Dict[str, Any] = dict(nlp.config)
    blocks = {"nlp": before["nlp"], "components": before["components"], **taken}
    blocks.setdefault("corpora", {})
    blocks["initialize"] = _initialize(before.get("initialize", {}), given.get("initialize", {}))
    nlp.config = Config(blocks, section_order=CONFIG_SECTION_ORDER, is_interpolated=False)


def set_defaults(
    nlp: Language, joint: MultiTask, given: Config, train: CorpusCounts, dev: CorpusCounts
) -> None:
    """Fill in what [training] of a config leaves out, as `init-config` recommends it.

    nlp (Language): The pipeline, with the blocks of the config.
    joint (MultiTask): Its joint component.
    given (Config): The config, not interpolated.
    train (CorpusCounts): The texts to train on.
    dev (CorpusCounts): Those to score on.
    """
    training: Any = given.get("training", {})
    is_pretrained = joint.is_pretrained
    rate = _CNN_RATE
    if is_pretrained:
        rate = SMALL_RATE if (joint.model.maybe_get_dim("nO") or 0) <= _SMALL else RATE
    facts = Facts("new", Path(), Path(), train, dev)
    facts.n_own_words, facts.n_own_dev_words = train.n_tokens, dev.n_tokens
    budget = choose_budget(Wishes(), [facts], is_pretrained)
    steps = nlp.config.interpolate()["training"]["max_steps"]
    if "max_steps" in training and steps:
        every = max(1, steps // _EVALUATIONS)
        budget = replace(budget, steps=steps, warmup=max(1, steps // 10), eval_frequency=every)
    draft = Draft("")
    set_training(draft, EncoderChoice({}, "", rate, "", is_pretrained), budget, None)
    block: Dict[str, Any] = draft.config["training"]
    block["logger"] = {"@loggers": "spacy_mtl.ConsoleLogger.v1"}
    defaults = Config({"training": Config(nlp.default_config)["training"]}, is_interpolated=False)
    own = Config({"training": block}, is_interpolated=False)
    asked = Config({"training": training}, is_interpolated=False)
    nlp.config["training"] = defaults.merge(own).merge(asked)["training"]


def weigh_scores(nlp: Language, scored: Sequence[str], given: Config) -> None:
    """Let only some tasks decide which pipeline is the best, unless the config has weights.

    nlp (Language): The pipeline. All heads have their labels.
    scored (Sequence[str]): The tasks that the development corpus annotates, and that are trained.
    given (Config): The config.
    """
    asked: Any = given.get("training", {}).get("score_weights") or {}
    kept = {key for name in scored for key in score_weights_of(nlp, name)}
    weights = nlp.config["training"]["score_weights"]
    weights.update({key: None for key in weights if key not in kept and not asked.get(key)})


def _initialize(before: Dict[str, Any], given: Dict[str, Any]) -> Dict[str, Any]:
    components = {**before.get("components", {}), **given.get("components", {})}
    hooks = {key: value for key, value in given.items() if key not in OF_VOCAB}
    return {**before, **hooks, "components": components}
