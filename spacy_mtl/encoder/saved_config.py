"""Checking the config of a saved network: it must not load more than its weights."""

from typing import Any, Dict, Iterator

from .saved_settings import CODE, entries
from .saved_tokenizer import problems_of_class
from .saved_weights import Damage

# These make a network load something besides itself.
_LOADS_MORE = {
    "quantization_config",
    "backbone",
    "use_pretrained_backbone",
    "use_timm_backbone",
    "gguf_file",
    "peft_config",
}
_OF_USERS = {"id2label", "label2id", "task_specific_params"}
# Others are names of compiled code on a hub.
_ATTENTIONS = ("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")
_DTYPES = ("float32", "float16", "bfloat16", "float64")


def problems_of_config(config: Dict[str, Any]) -> Iterator[str]:
    """Check the config of a saved network.

    config (Dict[str, Any]): The config, which isn't empty.
    YIELDS (str): One sentence per dangerous or broken setting.
    """
    from transformers import CONFIG_MAPPING, PretrainedConfig

    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        yield Damage(
            f"its config has model_type = {kind!r}, which the installed transformers doesn't have"
        )
    # Their keys, too, are the user's own words.
    settings = {key: value for key, value in config.items() if key not in _OF_USERS}
    for where, key, value in entries(settings):
        if key in CODE and value:
            yield f"its config has '{where}', which names code: a saved pipeline can't run code"
        elif key in _LOADS_MORE and value:
            yield f"its config has '{where}', which loads more than the saved weights"
        elif "attn_implementation" in key and not _is_attention(value):
            yield f"its config has {where} = {value!r}, expected one of {', '.join(_ATTENTIONS)}"
        elif key in ("torch_dtype", "dtype") and value not in (None, *_DTYPES):
            yield Damage(
                f"its config has {where} = {value!r}, expected one of {', '.join(_DTYPES)}"
            )
        elif key == "tokenizer_class" and value is not None:
            yield from problems_of_class(value, "its config")
        elif key.startswith("__") or callable(getattr(PretrainedConfig, key, None)):
            yield f"its config has '{where}', which is not a setting of a network"


def _is_attention(value: Any) -> bool:
    found = list(value.values()) if isinstance(value, dict) else [value]
    return all(v is None or isinstance(v, bool) or v in _ATTENTIONS for v in found)
