"""Compare pipelines, from raw texts to documents, with the bare encoder by each engine."""

from importlib.util import find_spec
from typing import Any, Dict, List

from ..timing import Contestant
from .bare import with_tf32
from .bench import Bench
from .contestants import inference
from .encoder import report_encoder
from .engines.table import EAGER, ENGINES, make_engines
from .limits import INFERENCE, report_limits, report_shares


def compare_inference(bench: Bench) -> None:
    """Compare the bare encoder by each engine, stock spaCy, and this package."""
    args = bench.args
    texts = [doc.text for doc in bench.test]
    ours = bench.make()
    contestants = make_engines(args, texts)
    contestants["stock spaCy"] = inference(bench.make("stock"), texts)
    contestants["stock heads on our encoder"] = inference(bench.make("stock heads"), texts)
    contestants["ours, a pipeline for each task"] = one_after_the_other(bench, texts)
    contestants["ours"] = inference(ours, texts)
    if args.gpu:
        contestants["ours, tf32"] = with_tf32(contestants["ours"])
    for name, settings in variants(args).items():
        contestants[name] = inference(bench.make(**settings), texts)
    if args.quantized:
        import spacy

        contestants["ours, int8"] = inference(spacy.load(args.quantized), texts)
    seconds = bench.measure("inference", bench.test, contestants)
    report_shares(seconds)
    report_limits(INFERENCE, args.corpus, seconds)
    title = bench.title("inference", bench.test)
    eager = [engine for engine in ENGINES if engine.name in (EAGER, f"{EAGER}, {engine.precision}")]
    bare = {e.precision: min(seconds[e.name]) for e in eager if e.name in seconds}
    report_encoder(title, contestants[EAGER], bare, ours, contestants["ours"], bench.clock)


def variants(args: Any) -> Dict[str, Dict[str, str]]:
    """RETURNS (Dict[str, Dict[str, str]]): The settings of our encoder, by contestant."""
    found = {"ours, bf16": {"precision": "bf16"}} if args.bf16 else {}
    if args.gpu:
        return found
    if find_spec("openvino") is None:
        print("Left out: ours by OpenVINO. Not installed: openvino")
        return found
    found["ours by OpenVINO"] = {"engine": "openvino"}
    if args.bf16:
        found["ours by OpenVINO, bf16"] = {"engine": "openvino", "precision": "bf16"}
    return found


def one_after_the_other(bench: Bench, texts: List[str]) -> Contestant:
    """RETURNS (Callable[[], None]): Runs one pipeline for each task on all texts."""
    contestants = [inference(bench.make(heads=[head]), texts) for head in bench.heads]

    def run() -> None:
        for each in contestants:
            each()

    return run
