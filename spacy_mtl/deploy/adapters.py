"""The adapters of a trained pipeline: found, saved alone, loaded into another one, and merged.

The files are those of the `peft` library (`adapter_config.json` and `adapter_model.safetensors`),
which reads a saved LoRA, and whose files are read.
"""

from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from spacy.language import Language

from ..files import write_in_place
from ..hints import nearest
from ..joint.find import find_joint
from .adapter_files import CONFIG, Saved, fingerprint, read_adapter, write_adapter

#: How to get adapters.
_HOW = (
    "Train a pipeline with it, or add a task with an adapter: `python -m spacy mtl add-task "
    "PIPELINE CONFIG --adapter`."
)


class AdapterError(ValueError):
    """An adapter that isn't there, or doesn't fit."""


class Found(NamedTuple):
    """The adapters of a pipeline.

    name (str): The name of the joint component.
    joint (MultiTask): The joint component.
    network (AdaptersNetwork): The network of its sharing scheme.
    """

    name: str
    joint: Any
    network: Any


def find_adapters(nlp: Language) -> Found:
    """Find the adapters of a pipeline.

    nlp (Language): A trained pipeline.
    RETURNS (Found): What has them.
    RAISES (AdapterError): If its sharing scheme isn't `spacy_mtl.Adapters.v1`.
    """
    from ..sharing.adapters import TITLE, AdaptersNetwork

    if not isinstance(nlp, Language):
        raise AdapterError(
            f"'nlp' is a {type(nlp).__name__}, but it must be a pipeline: spacy.load(PATH)."
        )
    joint = find_joint(nlp)
    if joint is None:
        raise AdapterError(
            "The pipeline has no component of factory 'mtl', so it has no adapters: it has "
            f"{', '.join(nlp.component_names) or 'nothing'}. Train one with {TITLE}."
        )
    name, component = joint
    network = getattr(component.scheme, "network", None)
    if not isinstance(network, AdaptersNetwork):
        block = nlp.get_pipe_config(name)["model"]
        raise AdapterError(
            f"The sharing scheme of '{name}' is {block.get('@architectures', '?')}, but only "
            f"{TITLE} has adapters. {_HOW}"
        )
    return Found(name, component, network)


def save_adapter(nlp: Language, task: str, path: Union[str, Path]) -> None:
    """Save the adapter of a task alone, without the encoder and its head.

    nlp (Language): A trained pipeline with `spacy_mtl.Adapters.v1`.
    task (str): The name of the head.
    path (Union[str, Path]): A folder. It is replaced if it has an adapter.
    RAISES (AdapterError): If the pipeline has no such adapter, or the folder has other files.
    """
    network = find_adapters(nlp).network
    _check_task(network, task)
    folder = Path(path)
    if folder.exists() and not (folder.is_dir() and _has_only_an_adapter(folder)):
        raise AdapterError(f"'{folder}' has something other than an adapter. Name a new folder.")
    write_in_place(lambda new: write_adapter(network, task, new), folder)


def load_adapter(nlp: Language, task: str, path: Union[str, Path]) -> None:
    """Load a saved adapter into a task of a pipeline with the same encoder.

    Its rank may be smaller than that of the pipeline's adapters, and its scale another one: both
    are adjusted, so that what it adds is the same.

    nlp (Language): A pipeline with `spacy_mtl.Adapters.v1`.
    task (str): The name of the head, which may have another name than when it was saved.
    path (Union[str, Path]): The folder.
    RAISES (AdapterError): If there is none, or it comes from another encoder or has other parts.
    """
    network = find_adapters(nlp).network
    _check_task(network, task)
    saved = read_adapter(Path(path), network, AdapterError)
    _check_fit(network, saved, path)
    _set(network, task, saved)


def _set(network: Any, task: str, saved: Saved) -> None:
    import torch

    from ..sharing.adapter_modules import key_of, names_in

    adapter = network.adapters[task]
    scale = saved.scale / network.scale if network.kind == "lora" else 1.0
    with torch.no_grad():
        for name in names_in(adapter):
            down, up = adapter.down[key_of(name)], adapter.up[key_of(name)]
            up.zero_()
            if name in saved.matrices:
                own_down, own_up = saved.matrices[name]
                down[: saved.rank] = own_down
                up[:, : saved.rank] = scale * own_up


def _check_fit(network: Any, saved: Saved, path: Union[str, Path]) -> None:
    from ..sharing.adapter_modules import names_in

    own, where = network.title, network.where
    if saved.kind != network.kind:
        raise AdapterError(
            f"The adapter in {path} is a {saved.kind}, but 'kind' of {own} is \"{network.kind}\"."
        )
    if saved.rank > network.rank:
        raise AdapterError(
            f"The adapter in {path} has the rank {saved.rank}, but 'rank' of {own} is "
            f"{network.rank}. Set it to {saved.rank} or more in {where}."
        )
    if saved.fingerprint is not None and saved.fingerprint != fingerprint(network):
        raise AdapterError(
            f"The adapter in {path} was trained with another encoder (it was called "
            f"'{saved.encoder}') than that of {own}, or that was trained since. An adapter only "
            "fits the weights that it was trained with: use the same encoder, and "
            "freeze_encoder = true."
        )
    if saved.fingerprint is None:
        _check_name(network, saved, path)
    some = next(iter(network.adapters.tasks))
    known = {name: network.adapters[some] for name in names_in(network.adapters[some])}
    others = [name for name in saved.matrices if name not in known]
    if others:
        raise AdapterError(
            f"The adapter in {path} changes '{others[0]}', but {own} doesn't. Set 'targets' and "
            f"'n_layers' as when it was saved, in {where}."
        )
    for name, (down, up) in saved.matrices.items():
        expected = network.shape_of(name)
        found = (up.shape[0], down.shape[1])
        if found != expected:
            raise AdapterError(
                f"The adapter in {path} has a matrix for '{name}' of shape {found}, but the "
                f"encoder of {own} needs {expected}: it comes from another encoder."
            )


def _check_name(network: Any, saved: Saved, path: Union[str, Path]) -> None:
    """Reject a file of the peft library that names another encoder, be it as a folder or a hub
    name. It has no other sign of it."""
    known = str(network.encoder.network.config.name_or_path)
    one, two = (Path(name).name for name in (saved.encoder, known))
    if one and two and one != two:
        raise AdapterError(
            f"The adapter in {path} was trained with the encoder '{saved.encoder}', but that of "
            f"{network.title} is '{known}'. An adapter only fits the weights that it was trained "
            'with. If they are the same, write this name as "base_model_name_or_path" into its '
            f"{CONFIG}."
        )


def _check_task(network: Any, task: str) -> None:
    having = list(network.adapters)
    if task not in having:
        known = ", ".join(having) or "none"
        raise AdapterError(
            f"There is no adapter of '{task}'. {nearest(task, having)}The pipeline has "
            f"those of: {known}."
        )


def _has_only_an_adapter(folder: Path) -> bool:
    from ..checksums import CHECKSUMS
    from .adapter_files import CONFIG, MATRICES

    return {path.name for path in folder.iterdir()} <= {CONFIG, MATRICES, CHECKSUMS}


def merge(nlp: Language, task: Optional[str] = None) -> Language:
    """Fold the LoRA of a task into the weights of the encoder.

    nlp (Language): A trained pipeline with `spacy_mtl.Adapters.v1`. Not changed.
    task (Optional[str]): The head to keep. Needed if there are several: an encoder has room for
        one.
    RETURNS (Language): A pipeline with `spacy_mtl.HardSharing.v1` and this head, which predicts the
        same, as fast as without an adapter. Other components than heads stay.
    RAISES (AdapterError): If there are several heads and none is named, or no LoRA.
    """
    from .merging import fold, with_hard_sharing

    found = find_adapters(nlp)
    if found.network.kind != "lora":
        raise AdapterError(
            f"The adapters of '{found.name}' are of the kind \"{found.network.kind}\": these are "
            'networks of their own, which no matrix can replace. Only "lora" can be merged.'
        )
    tasks = list(found.joint.tasks)
    if task is None and len(tasks) != 1:
        raise AdapterError(
            f"The pipeline has {len(tasks)} heads ({', '.join(tasks)}), but the weights of an "
            "encoder can hold the adapter of one. Name the one to keep: --task "
            f"{tasks[0] if tasks else 'NAME'}."
        )
    kept = tasks[0] if task is None else task
    _check_task(found.network, kept)
    if kept not in tasks:
        raise AdapterError(f"The head '{kept}' isn't in the pipeline, only its adapter.")
    return with_hard_sharing(nlp, found.name, kept, lambda network: fold(network, kept))
