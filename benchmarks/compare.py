"""Does sharing pay on SNIPS and GUM, by `spacy mtl compare`?

    python -m benchmarks.compare run      # trains what is missing, and adds the results
    python -m benchmarks.compare report   # prints the table

The configs are those of the short suites of benchmarks.accuracy, with the default weighting of the
package. Corpora are read from $SPACY_MTL_DATA (default ../shared), the encoder from --encoder
(default: the MiniLM of `make demo`). Each finished comparison is a line of
benchmarks/results/compare.jsonl, and is not repeated unless the settings of its suite have
changed. An interrupted one is resumed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from .accuracy.runs import Run, runs_of, settings_of
from .accuracy.suites import SUITES, convert_all, corpus_of
from .accuracy.training import config_of
from .finished import Row, add_finished, load_finished
from .metrics import METRICS, TITLES, print_machine
from .places import RESULTS, ROOT, WORK, default_encoder

PATH = RESULTS / "compare.jsonl"
#: The suites, with their names for the table.
COMPARED = {"snips-short": "SNIPS", "gum-short": "GUM"}
_SYSTEM = "ours-joint-balanced"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.compare", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="compare on all suites without results")
    run.add_argument("suites", nargs="*", default=list(COMPARED), help=", ".join(COMPARED))
    run.add_argument("--n-seeds", type=int, default=3, help="more can be added later")
    run.add_argument("--encoder", default=None)
    run.add_argument("--work", type=Path, default=WORK)
    run.add_argument("--jobs", type=int, default=2, help="parallel trainings")
    commands.add_parser("report", help="print the table")
    args = parser.parse_args()
    if args.command == "report":
        report()
        return
    unknown = [suite for suite in args.suites if suite not in COMPARED]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}: choose from {', '.join(COMPARED)}")
    finished = load_results()
    encoder = args.encoder or default_encoder()
    for suite in args.suites:
        if suite not in finished or len(finished[suite]["seeds"]) < args.n_seeds:
            add_finished(PATH, compare(suite, args.n_seeds, encoder, args.work, args.jobs))


def joint_run(suite: str) -> Run:
    """RETURNS (Run): The joint training of a suite that its comparison starts from."""
    (run,) = runs_of(suite, [_SYSTEM], [0], ())
    return run


def command_of(
    suite: str, n_seeds: int, encoder: str, work: Path, jobs: int
) -> Tuple[List[str], Path]:
    """Make the command that compares on a suite.

    suite (str): Its name.
    n_seeds (int): The number of seeds.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    jobs (int): The number of trainings at a time.
    RETURNS (Tuple[List[str], Path]): The arguments of Python, and the folder of the comparison.
    """
    run = joint_run(suite)
    config, overrides = config_of(run, encoder, work)
    # Compare sets it for each training.
    del overrides["system.seed"]
    output = work / "compare" / suite
    args = ["-m", "spacy", "mtl", "compare", str(config), "--output", str(output), "--quiet"]
    args += ["--n-seeds", str(n_seeds), "--jobs", str(jobs)]
    args += ["--test", str(corpus_of(run.plan, "test", work))]
    args += ["--resume"] if output.exists() else []
    for key, value in overrides.items():
        args += [f"--{key}", value if isinstance(value, str) else json.dumps(value)]
    return args, output


def compare(suite: str, n_seeds: int, encoder: str, work: Path, jobs: int) -> Row:
    """Compare on a suite: see `command_of`.

    RETURNS (Dict[str, Any]): The result, with the suite and its settings.
    """
    from . import timing

    convert_all(SUITES[suite], work)
    args, output = command_of(suite, n_seeds, encoder, work, jobs)
    subprocess.run([sys.executable, *args], cwd=ROOT, check=True)
    result = json.loads((output / "comparison.json").read_text(encoding="utf8"))
    settings = settings_of(joint_run(suite))
    # The folder is one of this machine.
    result["scored_on"] = Path(result["scored_on"]).name
    return {"suite": suite, "settings": settings, **result, "machine": timing.machine()}


def load_results() -> Dict[str, Row]:
    """RETURNS (Dict[str, Dict[str, Any]]): The valid results by suite."""
    return load_finished(PATH, lambda row: row["suite"], lambda s: settings_of(joint_run(s)))


def report() -> None:
    """Print the table."""
    print("| | each alone | all together | difference (95 % interval) | |")
    print("| --- | --- | --- | --- | --- |")
    found = load_results()
    for suite, row in found.items():
        for task, result in row["tasks"].items():
            title = TITLES[METRICS[task][0]]
            print(f"| {COMPARED[suite]}: {title} | " + " | ".join(_cells(result)) + " |")
    for suite, row in found.items():
        ratio = row["cost"]["joint_to_all_alone"]
        training = "" if ratio["training"] is None else f"{ratio['training']:.2f} of the "
        print(
            f"\n{COMPARED[suite]}: {len(row['seeds'])} seeds, {row['n_documents']} test documents; "
            f"together, training takes {training}processor time, and annotates "
            f"{ratio['words_per_second']:.1f} times as many words per second. {row['machine']}"
        )
    print_machine()


def _cells(result: Dict[str, Any]) -> List[str]:
    low, high = result["interval"]
    difference = f"{100 * result['difference']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    alone, joint = (f"{100 * result[key]:.1f}" for key in ("alone", "joint"))
    return [alone, joint, difference, result["verdict"]]


if __name__ == "__main__":
    main()
