"""Loading pretrained encoders from a folder or the model hub."""

import inspect
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Sequence, Set

from ..hints import nearest
from ..loading import is_out_of_memory

# Source and code settings, for both network and tokenizer.
_HUB_SETTINGS = {
    *("cache_dir", "code_revision", "force_download", "local_files_only", "proxies", "revision"),
    *("resume_download", "subfolder", "token", "trust_remote_code", "use_auth_token"),
}
_OF_ALL_TOKENIZERS = {
    *("use_fast", "model_max_length", "padding_side", "truncation_side", "model_input_names"),
    *("clean_up_tokenization_spaces", "split_special_tokens", "add_prefix_space", "from_slow"),
    *("tokenizer_type", "extra_special_tokens", "chat_template", "do_lower_case", "strip_accents"),
    *("tokenize_chinese_chars", "trim_offsets", "legacy", "name_or_path", "config"),
}


class EncoderError(ValueError):
    """An encoder that can't be loaded or used."""


def load_pretrained(
    name: str, tokenizer_config: Dict[str, Any], transformer_config: Dict[str, Any], where: str
) -> Any:
    """Load an encoder and its tokenizer.

    name (str): A folder, or a name on the model hub.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the encoder.
    where (str): The config block that names it, for the error.
    RETURNS (HFObjects): Both. For an encoder-decoder model, only the encoder.
    RAISES (EncoderError): If the encoder can't be loaded or a setting is unknown.
    """
    from spacy_transformers.data_classes import HFObjects
    from thinc.api import get_torch_default_device
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    given = {**transformer_config, "return_dict": True}
    hub = {key: value for key, value in given.items() if key in _HUB_SETTINGS}
    try:
        config, others = AutoConfig.from_pretrained(name, **given, return_unused_kwargs=True)
        network, report = AutoModel.from_pretrained(
            name, config=config, output_loading_info=True, **hub
        )
        tokenizer = AutoTokenizer.from_pretrained(name, **tokenizer_config)
        vocabulary = vocabulary_of(tokenizer)
    # Damaged weights raise various errors, depending on the library that reads them.
    except Exception as err:
        if is_out_of_memory(err):
            raise
        raise EncoderError(explain_failure(name, where, err)) from err
    unknown = [key for key in others if key not in _HUB_SETTINGS and key != "torch_dtype"]
    check_settings("transformer_config", unknown, config.to_dict(), where)
    known = tokenizer_settings(tokenizer)
    unknown = [key for key in tokenizer_config if key not in known | _HUB_SETTINGS]
    check_settings("tokenizer_config", unknown, known, where)
    # A missing pooler, for example, doesn't matter.
    missing, n_all = report["missing_keys"], len(network.state_dict())
    if 2 * len(missing) > n_all:
        lacking = ValueError(f"{len(missing)} of {n_all} weights are missing: {min(missing)}, ...")
        raise EncoderError(explain_failure(name, where, lacking))
    network = encoder_half(network)
    network.to(get_torch_default_device())
    settle(tokenizer)
    return HFObjects(tokenizer, network, vocabulary)


def vocabulary_of(tokenizer: Any) -> Optional[bytes]:
    """RETURNS (Optional[bytes]): The vocabulary file to save with it, if it has one."""
    path = getattr(tokenizer, "vocab_file", None)
    return Path(path).read_bytes() if path and Path(path).is_file() else None


def encoder_half(network: Any) -> Any:
    """RETURNS (PreTrainedModel): The encoder of an encoder-decoder, else the network itself."""
    if "decoder_input_ids" not in inspect.signature(network.forward).parameters:
        return network
    return network.get_encoder()


def settle(tokenizer: Any) -> None:
    """Turn off padding and truncation of a fast tokenizer permanently.

    Otherwise the first call with other settings would change the tokenizer, and no other thread
    can use it while it changes.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    """
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()


def tokenizer_settings(tokenizer: Any) -> Set[str]:
    """RETURNS (Set[str]): A tokenizer's settings, as far as its classes declare them."""
    classes = [*type(tokenizer).__mro__]
    slow = getattr(tokenizer, "slow_tokenizer_class", None)
    classes += [] if slow is None else [*slow.__mro__]
    named = {p for c in classes for p in inspect.signature(c).parameters}
    return {*named, *tokenizer.SPECIAL_TOKENS_ATTRIBUTES, *_OF_ALL_TOKENIZERS}


def check_settings(key: str, unknown: Sequence[str], known: Iterable[str], where: str) -> None:
    """Reject settings that the library would silently ignore.

    key (str): Where they are set: "tokenizer_config" or "transformer_config".
    unknown (Sequence[str]): The unknown settings.
    known (Iterable[str]): The known settings.
    where (str): The config block that has them.
    RAISES (EncoderError): If there are unknown settings.
    """
    if unknown:
        hint = nearest(unknown[0], sorted(map(str, known)))
        raise EncoderError(
            f"'{key}' has {', '.join(map(repr, unknown))}, which the library doesn't know and "
            f"would ignore. {hint}Fix or remove it in {where}."
        )


def explain_failure(name: str, where: str, err: Exception) -> str:
    """Explain why an encoder can't be loaded, and how to fix it.

    name (str): The name that couldn't be loaded.
    where (str): The config block with that "name".
    err (Exception): The library's error.
    RETURNS (str): A message.
    """
    if Path(name).is_dir():
        return (
            f"Couldn't load the encoder from the folder '{name}', which contains "
            f"{_list_folder(name)}. It needs config.json, the weights (model.safetensors) and the "
            "tokenizer's files (tokenizer.json, tokenizer_config.json). Add the missing files, or "
            f"fix 'name' in {where}. The loader said: {err}"
        )
    return (
        f"Couldn't load the encoder '{name}': there is no such model folder, and no such name "
        f"on the model hub (or no network). Set 'name' in {where} to the path of a folder with "
        "config.json, the weights and the tokenizer, or to a hub name such as 'roberta-base'. "
        f"The loader said: {err}"
    )


def _list_folder(folder: str) -> str:
    names = sorted(path.name for path in Path(folder).iterdir())
    return ", ".join(names[:12]) or "nothing"
