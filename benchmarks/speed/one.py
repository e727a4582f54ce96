"""Load a pipeline and annotate in its own process, and print time and peak memory."""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import List

from ..timing import set_threads
from .contestants import gold_docs, inference


def texts_of(args: argparse.Namespace) -> List[str]:
    """RETURNS (List[str]): The test texts, or as many texts and words as the options say."""
    if not args.words:
        docs = gold_docs(args.corpus, "test", args.limit, args.work)
        return [doc.text for doc in docs]
    docs = gold_docs(args.corpus, "test", args.limit, args.work)
    words = [token.text for doc in docs for token in doc if not token.is_space]
    starts = [i * args.words % len(words) for i in range(args.docs)]
    words *= 2 + args.words // len(words)
    return [" ".join(words[start : start + args.words]) for start in starts]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("--corpus")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--docs", type=int, default=1)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    texts = texts_of(args)
    import spacy

    if args.gpu:
        spacy.require_gpu()
    if args.threads:
        set_threads(args.threads)
    started = time.perf_counter()
    nlp = spacy.load(args.pipeline)
    # Documents of 100,000 words exceed spaCy's default limit.
    nlp.max_length = max(nlp.max_length, max(map(len, texts)) + 1)
    load = time.perf_counter() - started
    # Do not count what only happens for the first text.
    inference(nlp, texts[:1] if len(texts[0]) < 10_000 else ["A text."])()
    started = time.perf_counter()
    inference(nlp, texts)()
    seconds = time.perf_counter() - started
    print(json.dumps({"load": load, "seconds": seconds, "peak": peak_memory()}))


def peak_memory() -> float:
    """RETURNS (float): The peak memory of this process, in MiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        # In KiB, except on a Mac. Includes the peak of the parent process, if higher.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
