"""Saved encoders that would run code, and normal ones."""

import pickle
from pathlib import Path

import pytest
import torch
from cases import Case, Gives, name_of
from saved_encoders import (
    CODE,
    as_by_hand,
    check_saved,
    config,
    file,
    kwargs,
    refused,
    tokenizer_config,
    weights,
    with_pickle,
)

from spacy_mtl.encoder.shim import SavedEncoderError, problems_of_shim
from spacy_mtl.encoder.transformer import TransformerEncoder

CASES = [
    Case("unchanged", lambda message: None, Gives(True)),
    Case("of an older version", as_by_hand, Gives(True)),
    Case("settings of the tokenizer", kwargs(model_max_length=32, do_lower_case=True), Gives(True)),
    Case("a word named auto_map", file("vocab.json", b'{"auto_map": 3}'), Gives(True)),
    Case("notes of where it came from", tokenizer_config(name_or_path="/x/y"), Gives(True)),
    Case("no path", tokenizer_config(vocab_file=None), Gives(True)),
    Case(
        "a buffer of older versions",
        weights(lambda w: w.update({"embeddings.position_ids": torch.arange(64)[None]})),
        Gives(True),
    ),
    # Code.
    Case("trust in the settings", kwargs(trust_remote_code=True), refused("trust_remote_code")),
    Case("code in the config", config(auto_map=CODE), refused("auto_map", "config", "code")),
    Case(
        "code deep in the config",
        config(text_config={"auto_map": CODE}),
        refused("text_config.auto_map"),
    ),
    Case("code in a list of the config", config(parts=[{"auto_map": CODE}]), refused("auto_map")),
    Case(
        "code of the tokenizer",
        tokenizer_config(auto_map={"AutoTokenizer": ["evil.T", None]}),
        refused("tokenizer_config.json", "auto_map"),
    ),
    Case(
        "code of the tokenizer, old format",
        tokenizer_config(auto_map=["evil.T", None]),
        refused("tokenizer_config.json", "auto_map"),
    ),
    Case(
        "code in another file",
        tokenizer_config("other.json", auto_map=CODE),
        refused("other.json", "auto_map"),
    ),
    Case("a module among the files", file("evil.py", b"import this"), refused("evil.py")),
    Case("a pickle among the files", file("vocab.pkl", pickle.dumps(1)), refused("vocab.pkl")),
    Case("weights among the files", file("pytorch_model.bin"), refused("pytorch_model.bin")),
    Case(
        "an adapter among the files", file("adapter_config.json", b"{}"), refused("adapter_config")
    ),
    Case("another config", file("config.json", b"{}"), refused("config.json")),
    Case("another config, in capitals", file("Config.JSON", b"{}"), refused("Config.JSON")),
    Case(
        "a kernel from a hub",
        config(_attn_implementation="evil/kernel:attend"),
        refused("_attn_implementation", "eager", "sdpa"),
    ),
    Case(
        "a kernel, nested",
        config(_attn_implementation_internal="evil/kernel:attend"),
        refused("_attn_implementation_internal"),
    ),
    Case(
        "another quantizer",
        config(quantization_config={"quant_method": "evil"}),
        refused("quantization_config"),
    ),
    Case(
        "a backbone from a hub",
        config(backbone="evil/net", use_pretrained_backbone=True),
        refused("backbone"),
    ),
    Case("an unknown dtype", config(torch_dtype="load"), refused("torch_dtype", "float32")),
    Case("a method as a setting", config(to_dict="x"), refused("to_dict")),
    Case("a class as a setting", config(__class__="x"), refused("__class__")),
    Case("an unknown type", config(model_type="evil"), refused("model_type", "'evil'")),
    Case("no type", lambda m: m["config"].pop("model_type"), refused("model_type")),
    Case("a type that is a list", config(model_type=["bert"]), refused("model_type")),
    Case(
        "a class that is not a tokenizer",
        tokenizer_config(tokenizer_class="AutoModel"),
        refused("tokenizer_class", "'AutoModel'"),
    ),
    Case("an unknown class", tokenizer_config(tokenizer_class="Evil"), refused("'Evil'")),
    Case(
        "a tokenizer that unpickles",
        tokenizer_config(tokenizer_class="TransfoXLTokenizer"),
        refused("TransfoXLTokenizer"),
    ),
    Case("a class in the config", config(tokenizer_class="AutoModel"), refused("'AutoModel'")),
    Case("weights that run", with_pickle, refused("weights name", "exec")),
    Case(
        "weights that load",
        weights(lambda w: {"a": torch.nn.Linear(1, 1)}),
        refused("weights name", "Linear"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_model(
    case: Case, saved: bytes, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_saved(case, saved, encoder_dir, tmp_path, monkeypatch)


def test_no_code_is_saved(encoder_dir: str, tmp_path: Path) -> None:
    """Encoders that transformers has often name their own code, too."""
    from random_encoders import edit, spoil

    folder = spoil(encoder_dir, tmp_path / "encoder", lambda path: None)
    for name in ("config.json", "tokenizer_config.json"):
        edit(folder, name, lambda found: found.update(auto_map={"AutoX": "elsewhere--x.Y"}))
    encoder = TransformerEncoder(str(folder))
    encoder.initialize()
    data = encoder.shims[0].to_bytes()
    assert not problems_of_shim(data)
    TransformerEncoder("x").shims[0].from_bytes(data)


def test_warning_about_an_encoder_with_code(encoder_dir: str, tmp_path: Path) -> None:
    """It can be trained, but the saved pipeline isn't loaded."""
    from random_encoders import edit, spoil

    code = "from transformers import BertModel\nclass Own(BertModel):\n    pass\n"
    folder = spoil(
        encoder_dir, tmp_path / "own", lambda path: (path / "own_code.py").write_text(code)
    )
    edit(folder, "config.json", lambda found: found.update(auto_map={"AutoModel": "own_code.Own"}))
    encoder = TransformerEncoder(str(folder), transformer_config={"trust_remote_code": True})
    with pytest.warns(UserWarning, match="its own code .* can't be loaded"):
        encoder.initialize()
    assert type(encoder.shims[0]._model).__name__ == "Own"
    with pytest.raises(
        SavedEncoderError, match="auto_map.*train with classes that are in transformers"
    ):
        TransformerEncoder("x").from_bytes(encoder.to_bytes())
