"""Annotate texts with flair's multitask model, in an environment with flair and without spacy_mtl.

    python runner.py TASK.json

The file has "encoder", "texts", "threads", and "labels": for "tagger", "ner" and "textcat" those
that it predicts. Each line of standard input is a way to keep vectors: "none" (flair's default:
each task runs the encoder) or "cpu" (the first does). The answer is the number of seconds.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Dict, List


def make_model(encoder: str, labels: Dict[str, List[str]]) -> Any:
    """RETURNS (MultitaskModel): A head for each task on one encoder, with linear layers only."""
    from flair.data import Dictionary
    from flair.embeddings import TransformerEmbeddings
    from flair.models import MultitaskModel, SequenceTagger, TextClassifier

    # As here: a token's vector is the mean of its wordpieces', long texts are read in windows.
    shared = TransformerEmbeddings(
        encoder, subtoken_pooling="mean", cls_pooling="mean", allow_long_sentences=True
    )
    models = []
    for task, names in labels.items():
        known = Dictionary(add_unk=False)
        for name in names:
            known.add_item(name)
        known.span_labels = task == "ner"
        if task == "textcat":
            models.append(TextClassifier(shared, label_type=task, label_dictionary=known))
            continue
        plain = {"use_rnn": False, "use_crf": False, "reproject_embeddings": False}
        head = SequenceTagger(shared, tag_dictionary=known, tag_type=task, **plain)
        if task == "ner":
            # Not trained: without this, it would find and build far too many entities.
            head.linear.bias.data[head.label_dictionary.get_idx_for_item("O")] = 100.0
        models.append(head)
    return MultitaskModel(models, task_ids=list(labels)).eval()


def main() -> None:
    """Answer until standard input ends."""
    # The library prints, too.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf8"))
    import torch
    from flair.data import Sentence

    torch.set_num_threads(given["threads"])
    clock = time.process_time if given["threads"] == 1 else time.perf_counter
    model = make_model(given["encoder"], given["labels"])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        started = clock()
        sentences = [Sentence(text) for text in given["texts"]]
        model.predict(sentences, mini_batch_size=32, embedding_storage_mode=line.strip())
        print(clock() - started, file=answers, flush=True)


if __name__ == "__main__":
    main()
