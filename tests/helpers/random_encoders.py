"""Tiny random encoders of several kinds, valid and broken, as folders on disk."""

import json
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    RobertaTokenizer,
)

SIZES: Dict[str, Any] = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
OF_KIND: Dict[str, Dict[str, Any]] = {
    "distilbert": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16},
    "t5": {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2},
    "bart": {
        "d_model": 16,
        **{f"{half}_{key}": n for half in ("encoder", "decoder") for key, n in [("layers", 1)]},
        **{f"{half}_attention_heads": 2 for half in ("encoder", "decoder")},
        **{f"{half}_ffn_dim": 16 for half in ("encoder", "decoder")},
    },
    "gpt2": {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64},
    "xlnet": {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
    "electra": {"embedding_size": 8},
    "albert": {"embedding_size": 8},
    "vit": {"image_size": 8, "patch_size": 4},
    "wav2vec2": {
        "conv_dim": [8],
        "conv_kernel": [3],
        "conv_stride": [2],
        "num_conv_pos_embeddings": 4,
        "num_conv_pos_embedding_groups": 2,
    },
}


def save_bert(path: Path) -> Path:
    """Save a random BERT of 2 layers and 16 dimensions, without dropout, and its tokenizer."""
    letters = [chr(i) for i in range(ord("a"), ord("z") + 1)]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *letters]
    vocab += [f"##{letter}" for letter in letters]
    (path / "vocab.txt").write_text("\n".join(vocab), encoding="utf8")
    tokenizer = BertTokenizerFast(str(path / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(path)
    return path


@lru_cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory()


@lru_cache
def narrow_bert() -> str:
    """The folder of a BERT of 2 layers and 8 dimensions, the same for the whole process."""
    path = Path(_folder().name)
    (path / "bert").mkdir()
    (path / "narrow").mkdir()
    bert = save_bert(path / "bert")
    sizes: Dict[str, Any] = {"hidden_size": 8, "num_hidden_layers": 2, "intermediate_size": 8}
    # With small weights, it would learn slowly.
    sizes["initializer_range"] = 0.2
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return str(save("bert", str(bert), path / "narrow", **sizes, **dropout))


def save(kind: str, tokenizer: str, path: Path, **settings: Any) -> Path:
    """Save a random network together with a copied tokenizer."""
    torch.manual_seed(0)
    sizes = {**SIZES, **OF_KIND.get(kind, {}), **settings}
    if kind == "xlnet":
        del sizes["max_position_embeddings"]
    config = AutoConfig.for_model(kind, **sizes)
    AutoModel.from_config(config).save_pretrained(path)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(path)
    return path


def edit(path: Path, name: str, change: Callable[[Dict[str, Any]], Any]) -> None:
    """Edit a JSON file of an encoder."""
    found = json.loads((path / name).read_text(encoding="utf8"))
    change(found)
    (path / name).write_text(json.dumps(found), encoding="utf8")


def save_byte_level(path: Path) -> Path:
    """Save a RoBERTa whose wordpieces are bytes, with the files of its slow tokenizer."""
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    texts = ["Anna books a room", "a café in Berlin"] * 3
    trained.train_from_iterator(texts, vocab_size=290, special_tokens=special)
    trained.save_model(str(path))
    tokenizer = RobertaTokenizer(str(path / "vocab.json"), str(path / "merges.txt"))
    tokenizer.model_max_length = 64
    size = len(tokenizer)
    tokenizer.save_pretrained(path)
    config = AutoConfig.for_model(
        "roberta", **{**SIZES, "vocab_size": size, "max_position_embeddings": 66, "pad_token_id": 1}
    )
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(path)
    return path


def save_gpt2(bytes_: str, path: Path) -> Path:
    """Save a GPT-2 with its kind of tokenizer: no padding token or other special tokens."""
    from transformers import GPT2Tokenizer

    files = [str(Path(bytes_) / name) for name in ("vocab.json", "merges.txt")]
    tokenizer = GPT2Tokenizer(
        *files, unk_token="<unk>", bos_token="</s>", eos_token="</s>", model_max_length=64
    )
    tokenizer.save_pretrained(path)
    config = AutoConfig.for_model("gpt2", vocab_size=len(tokenizer), **OF_KIND["gpt2"])
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(path)
    return path


def spoil(source: str, path: Path, how: Callable[[Path], Any]) -> Path:
    """Copy an encoder and change the copy."""
    shutil.copytree(source, path, dirs_exist_ok=True)
    how(path)
    return path


def set_nan(path: Path) -> None:
    network = AutoModel.from_pretrained(path)
    network.embeddings.word_embeddings.weight.data[5, 3] = float("nan")
    network.save_pretrained(path)


def cut(path: Path) -> None:
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def set_limit(n: int) -> Callable[[Path], None]:
    """Set the tokenizer's maximum length to n wordpieces."""
    return lambda path: edit(
        path, "tokenizer_config.json", lambda found: found.update(model_max_length=n)
    )


def remove_tokenizer(path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        (path / name).unlink(missing_ok=True)


def remove_padding(path: Path) -> None:
    edit(path, "tokenizer_config.json", lambda found: found.pop("pad_token"))
    edit(path, "special_tokens_map.json", lambda found: found.pop("pad_token"))


def other_weights(path: Path) -> None:
    """Rename the weights."""
    from safetensors.torch import load_file, save_file

    weights = load_file(path / "model.safetensors")
    save_file(
        {f"other.{k}": v for k, v in weights.items()},
        path / "model.safetensors",
        {"format": "pt"},
    )


def pad_and_cut(path: Path) -> None:
    """Set padding and truncation, as in tokenizers saved by sentence-transformers."""
    edit(
        path,
        "tokenizer.json",
        lambda found: found.update(
            truncation={
                "direction": "Right",
                "max_length": 6,
                "strategy": "LongestFirst",
                "stride": 0,
            },
            padding={
                "strategy": {"Fixed": 6},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            },
        ),
    )


def _of_kind(kind: str) -> Callable[[str, Path], Path]:
    return lambda bert, path: save(kind, bert, path)


PLAIN = ("distilbert", "t5", "bart", "gpt2", "xlnet", "electra", "albert", "fnet")
KINDS: Dict[str, Callable[[str, Path], Path]] = {
    **{kind: _of_kind(kind) for kind in [*PLAIN, "vit", "wav2vec2"]},
    "bert": lambda bert, path: spoil(bert, path, lambda path: None),
    "mpnet": lambda bert, path: save("mpnet", bert, path, pad_token_id=1),
    "byte-level": lambda bert, path: save_byte_level(path),
    "gpt2 of bytes": lambda bert, path: save_gpt2(str(save_byte_level(path)), path),
    "wide": lambda bert, path: save("bert", bert, path, hidden_size=24),
    "few rows": lambda bert, path: save("bert", bert, path, vocab_size=20),
    "few positions": lambda bert, path: save("bert", bert, path, max_position_embeddings=7),
    "some positions": lambda bert, path: save("bert", bert, path, max_position_embeddings=12),
    "no positions": lambda bert, path: save("bert", bert, path, max_position_embeddings=1),
    "low limit": lambda bert, path: spoil(bert, path, set_limit(5)),
    "negative limit": lambda bert, path: spoil(bert, path, set_limit(-1)),
    "no limit": lambda bert, path: spoil(bert, path, set_limit(10**30)),
    "high limit": lambda bert, path: spoil(bert, path, set_limit(100)),
    "nan": lambda bert, path: spoil(bert, path, set_nan),
    "cut short": lambda bert, path: spoil(bert, path, cut),
    "no tokenizer": lambda bert, path: spoil(bert, path, remove_tokenizer),
    "no padding": lambda bert, path: spoil(bert, path, remove_padding),
    "other weights": lambda bert, path: spoil(bert, path, other_weights),
    "no weights": lambda bert, path: spoil(
        bert, path, lambda path: (path / "model.safetensors").unlink()
    ),
    "no config": lambda bert, path: spoil(bert, path, lambda path: (path / "config.json").unlink()),
    "unknown type": lambda bert, path: spoil(
        bert, path, lambda path: edit(path, "config.json", lambda c: c.update(model_type="bertt"))
    ),
    "other sizes": lambda bert, path: spoil(
        bert, path, lambda path: edit(path, "config.json", lambda c: c.update(hidden_size=32))
    ),
    "pads and cuts": lambda bert, path: spoil(bert, path, pad_and_cut),
}
