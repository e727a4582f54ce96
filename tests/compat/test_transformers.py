"""The private parts of transformers that we use haven't changed."""

import json
from pathlib import Path
from typing import Any

import pytest
import transformers
from transformers import (
    AutoConfig,
    AutoModel,
    BertTokenizer,
    ByT5Tokenizer,
    GPT2Tokenizer,
    RobertaTokenizerFast,
)
from transformers.utils import TRANSFORMERS_DYNAMIC_MODULE_NAME

from spacy_mtl.compat.transformers import (
    byte_decoder_of,
    has_byte_pieces,
    has_own_code,
    padding_position,
    tokenizer_class,
)

SMALL = {
    "vocab_size": 9,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "intermediate_size": 4,
    "pad_token_id": 3,
}


@pytest.fixture
def gpt2(tmp_path: Path) -> Any:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "\u0120": 1, "<|endoftext|>": 2}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    return GPT2Tokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))


@pytest.fixture
def bert(tmp_path: Path) -> Any:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na")
    return BertTokenizer(str(tmp_path / "vocab.txt"))


def test_code_of_models_is_put_into_one_package() -> None:
    assert TRANSFORMERS_DYNAMIC_MODULE_NAME == "transformers_modules", (
        "transformers puts models' own code into another package: see has_own_code, which is "
        "used to reject saved encoders"
    )
    own = type("Own", (), {"__module__": f"{TRANSFORMERS_DYNAMIC_MODULE_NAME}.name.modeling"})
    assert has_own_code(own())
    assert not has_own_code(AutoConfig.for_model("bert"))


def test_slow_byte_level_tokenizer_has_a_byte_decoder(gpt2: Any, bert: Any) -> None:
    decoder = byte_decoder_of(gpt2)
    why = "GPT2Tokenizer has no 'byte_decoder': see byte_decoder_of in compat/transformers.py"
    assert decoder is not None, why
    assert (len(decoder), decoder["a"], decoder["\u0120"]) == (256, ord("a"), ord(" ")), why
    assert byte_decoder_of(bert) is None


def test_tokenizer_of_bytes_has_their_number(gpt2: Any, bert: Any) -> None:
    assert has_byte_pieces(ByT5Tokenizer()), (
        "ByT5Tokenizer has no '_utf_vocab_size' of 256: see has_byte_pieces"
    )
    assert not has_byte_pieces(gpt2)
    assert not has_byte_pieces(bert)


def test_robertas_positions_start_after_its_padding() -> None:
    roberta = AutoModel.from_config(AutoConfig.for_model("roberta", **SMALL))
    why = "RoBERTa does not declare where positions start: see padding_position"
    assert padding_position(roberta) == 3, why
    length = roberta.config.max_position_embeddings - 4
    import torch

    assert roberta(torch.ones(1, length, dtype=torch.int64))[0].shape == (1, length, 4), why
    with pytest.raises((IndexError, RuntimeError)):
        roberta(torch.ones(1, length + 1, dtype=torch.int64))


def test_berts_positions_start_at_zero() -> None:
    bert = AutoModel.from_config(AutoConfig.for_model("bert", **SMALL))
    assert padding_position(bert) is None


def test_tokenizer_is_found_by_its_class_name() -> None:
    assert tokenizer_class("BertTokenizer") is BertTokenizer, (
        "tokenizer_class_from_name does something else: see tokenizer_class"
    )
    assert tokenizer_class("RobertaTokenizerFast") is RobertaTokenizerFast
    assert tokenizer_class("NoTokenizer") is None
    # Other names aren't found, either.
    assert "PreTrainedModel" in dir(transformers)
    found = tokenizer_class("PreTrainedModel")
    assert found is None or not hasattr(found, "tokenize")
