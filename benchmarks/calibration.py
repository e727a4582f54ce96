"""How well confidences hold what they say, and thresholds what is wanted, on test sets.

    python -m benchmarks.calibration run      # trains what is missing, calibrates on dev
    python -m benchmarks.calibration report   # prints the tables

The pipelines are those of "ours-joint-balanced" in benchmarks.accuracy on GUM, SNIPS, and WNUT17
(the entities of the suite "three"), with the budgets of benchmarks.sharing. Each is calibrated on
its development set as `spacy mtl calibrate` does. Then the test set is annotated: the expected
calibration error (15 bins) of all heads before and after, beside that of perfect confidences, which
is not 0 as bins have few predictions; the precision of entities with the thresholds that were
chosen for 0.9; and their F1 with the thresholds for the best F1. A finished run is a line of
benchmarks/results/calibration.jsonl.
"""

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterator, List, Sequence

from .accuracy.runs import Run, make_run, runs_of, settings_of
from .accuracy.suites import convert_all, corpus_of
from .accuracy.training import trained_pipeline
from .corpora.plans import PLANS
from .finished import Row, add_finished, load_finished
from .metrics import annotated, print_machine
from .places import RESULTS, default_encoder
from .side_by_side import add_one, add_run_options, run_side_by_side
from .timing import machine

FILE = RESULTS / "calibration.jsonl"
#: The heads that are measured, by suite.
HEADS = {
    "gum-sharing": ("tagger", "ner", "textcat"),
    "snips-sharing": ("ner", "textcat"),
    "three": ("ner",),
}
TITLES = {"gum-sharing": "GUM", "snips-sharing": "SNIPS", "three": "WNUT17"}
SYSTEM = "ours-joint-balanced"
#: The precision that is wanted, what it may be on the test set, and how many must be left for that.
WANTED, LOWEST, HIGHEST, ENOUGH = 0.9, 0.87, 0.93, 200
#: Calibration errors after calibration: at most this share of those before, or below this.
SHARE, SMALL = 0.5, 0.02


def split_of(run: Run, split: str, work: Path) -> Path:
    """RETURNS (Path): The .spacy file of a split, for the heads that are measured."""
    if run.plan.corpus in PLANS:
        return dict(PLANS[run.plan.corpus].tasks)["ner"].split(split, work)
    return corpus_of(run.plan, split, work)


def measure(run: Run, encoder: str, work: Path) -> Row:
    """Calibrate the pipeline of a run on dev, and measure it on test.

    run (Run): The run, which is trained if its pipeline isn't in the work folder.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Dict[str, Any]): The figures, by head.
    """
    import spacy
    from spacy.training import Corpus

    from spacy_mtl.calibration.goals import for_f1, for_precision
    from spacy_mtl.calibration.metrics import error_by_chance, expected_calibration_error
    from spacy_mtl.deploy.calibrate import calibrate
    from spacy_mtl.deploy.head_events import events_of

    nlp = spacy.load(trained_pipeline(run, encoder, work))
    corpus = Corpus(split_of(run, "dev", work), gold_preproc=run.plan.gold_words)
    dev = list(corpus(nlp))
    test = annotated(nlp, split_of(run, "test", work), run.plan.gold_words)
    heads = HEADS[run.suite]
    fitted = calibrate(nlp, dev, only=heads).heads
    row: Row = {**asdict(run), "settings": settings_of(run), "machine": machine(), "heads": {}}
    for name in heads:
        head: Any = nlp.get_pipe(name)
        own = [eg for eg in head.scored_examples(test) if head.has_gold(eg.reference)]
        said: Any = events_of(head, own)
        before = said.events
        confidences = fitted[name].scaling.confidences(said.confidences_at)
        errors = [
            expected_calibration_error(c, before.correct) for c in (before.confidences, confidences)
        ]
        figures: Row = {"n": len(before), "ece": errors, **asdict(fitted[name].scaling)}
        figures["by_chance"] = error_by_chance(confidences)
        if name == "ner":
            after = before.with_confidences(confidences)
            goals = {"precision": for_precision(WANTED), "f1": for_f1()}
            for key, goal in goals.items():
                figures[key] = with_thresholds(after, _thresholds(nlp, dev, goal))
        row["heads"][name] = figures
    return row


def _thresholds(nlp: Any, dev: List[Any], goal: Any) -> Any:
    """RETURNS (Optional[Thresholds]): Those that are chosen for entities; None if none will do."""
    from spacy_mtl.deploy.calibrate import CalibrationError, calibrate

    try:
        return calibrate(nlp, dev, goal, only=["ner"], anew=True).heads["ner"].thresholds
    except CalibrationError as err:
        print(err)
        return None


def with_thresholds(events: Any, thresholds: Any) -> Row:
    """Measure what is left with thresholds that were chosen on other texts.

    events (Events): The entities.
    thresholds (Optional[Thresholds]): Their thresholds, if some will do.
    RETURNS (Dict[str, Any]): The number of entities that are left, their precision and F1, and the
        F1 without thresholds; nothing without thresholds.
    """
    if thresholds is None:
        return {}
    limits = [
        thresholds.by_label.get(label, thresholds.common).threshold for label in events.labels
    ]
    kept = events.confidences >= limits
    n_gold = sum(events.n_gold.values())
    right, n = int(events.correct[kept].sum()), int(kept.sum())
    all_right = int(events.correct.sum())
    return {
        "n": n,
        "precision": right / n if n else None,
        "f1": 2 * right / (n + n_gold),
        "f1_without": 2 * all_right / (len(events) + n_gold),
    }


def report() -> None:
    """Print a table of calibration errors, and one of thresholds."""
    rows = list(load_finished(FILE, make_run, settings_of).values())
    print("\n| | head | predictions | ECE before | after | if perfect | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for suite, name, found in _by_head(rows):
        chance = statistics.mean(each["by_chance"] for each in found)
        n = statistics.mean(each["n"] for each in found)
        is_met = all(e["ece"][1] <= max(SHARE * e["ece"][0], SMALL) for e in found)
        cells = (f"{n:,.0f}", _range(found, 0), _range(found, 1), f"{chance:.3f}", _verdict(is_met))
        print(f"| {TITLES[suite]} | {name} | " + " | ".join(cells) + " |")
    print(f"\nMet: after is at most {SHARE:g} of before, or {SMALL:g}, with each seed.")
    print(f"\n| | seed | precision, {WANTED:g} wanted | left | F1 | with best F1 | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in sorted(rows, key=lambda row: (list(HEADS).index(row["suite"]), row["seed"])):
        print(f"| {TITLES[row['suite']]} | {row['seed']} | " + " | ".join(_cells(row)) + " |")
    print(
        f"\nMet: {LOWEST:g} to {HIGHEST:g}, where {ENOUGH} entities or more are left. All left: no"
    )
    print("threshold is needed, since they are more precise as they are.")
    print("\n| | seeds | F1 | with best F1 | difference | deviation of F1 over the seeds | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for suite in HEADS:
        found = [row["heads"]["ner"]["f1"] for row in rows if row["suite"] == suite]
        if len(found) > 1:
            print(f"| {TITLES[suite]} | {len(found)} | " + " | ".join(_f1_cells(found)) + " |")
    print("\nMet: on average, not below the F1 without thresholds by more than that deviation.")
    print_machine()


def _by_head(rows: Sequence[Row]) -> Iterator[Any]:
    for suite, heads in HEADS.items():
        for name in heads:
            found = [row["heads"][name] for row in rows if row["suite"] == suite]
            if found:
                yield suite, name, found


def _range(found: List[Row], i: int) -> str:
    values = [each["ece"][i] for each in found]
    return f"{statistics.mean(values):.3f} ({min(values):.3f}–{max(values):.3f}; {len(values)})"


def _cells(row: Row) -> Iterator[str]:
    by_precision, by_f1 = (row["heads"]["ner"][key] for key in ("precision", "f1"))
    if by_precision.get("precision") is None:
        yield from ("not reached on dev", "–")
    else:
        yield from (f"{by_precision['precision']:.3f}", f"{by_precision['n']:,}")
    yield from (f"{100 * by_f1['f1_without']:.1f}", f"{100 * by_f1['f1']:.1f}")
    # No threshold makes them less precise.
    if by_precision.get("n") == row["heads"]["ner"]["n"] and by_precision["precision"] > HIGHEST:
        yield "all left"
        return
    is_counted = by_precision.get("n", 0) >= ENOUGH
    yield _verdict(LOWEST <= by_precision["precision"] <= HIGHEST) if is_counted else "–"


def _f1_cells(found: Sequence[Row]) -> Iterator[str]:
    without, with_best = ([100 * each[key] for each in found] for key in ("f1_without", "f1"))
    gain = statistics.mean(with_best) - statistics.mean(without)
    deviation = statistics.stdev(without)
    yield from (f"{statistics.mean(values):.1f}" for values in (without, with_best))
    yield from (f"{gain:+.1f}", f"{deviation:.1f}", _verdict(gain >= -deviation))


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "NOT MET"


def main() -> None:
    """Run the command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.calibration", description=__doc__, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure all runs without results")
    run.add_argument("--suites", nargs="+", choices=list(HEADS), default=list(HEADS))
    run.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add_run_options(run)
    commands.add_parser("report", help="print the tables")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "report":
        report()
    elif args.command == "one":
        add_finished(FILE, measure(make_run(json.loads(args.spec)), args.encoder, args.work))
    else:
        finished = load_finished(FILE, make_run, settings_of)
        runs = [each for suite in args.suites for each in runs_of(suite, [SYSTEM], args.seeds, ())]
        specs = {each.name: json.dumps(asdict(each)) for each in runs if each not in finished}
        args.work.mkdir(parents=True, exist_ok=True)
        # Not in several processes at a time.
        for plan in {each.plan for each in runs}:
            convert_all(plan, args.work)
        encoder = args.encoder or default_encoder()
        run_side_by_side("benchmarks.calibration", specs, encoder, args.work, args.jobs)


if __name__ == "__main__":
    main()
