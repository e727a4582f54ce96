"""Tiny random encoders of several architectures."""

from typing import Any, Dict

N_LAYERS = 3
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
RELATIVE = {
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
}
ROBERTA = {"max_position_embeddings": 66, "pad_token_id": 1, **NO_DROPOUT}
#: By model type.
ARCHITECTURES: Dict[str, Dict[str, Any]] = {
    "bert": NO_DROPOUT,
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "distilbert": {"n_layers": N_LAYERS, "dropout": 0.0, "attention_dropout": 0.0},
    "electra": NO_DROPOUT,
    "deberta-v2": {**RELATIVE, **NO_DROPOUT},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 4, "sep_token_id": 3},
}
