"""`python -m spacy mtl`: one thin file per command.

Through the entry point `mtl = spacy_mtl.cli:mtl_cli` in the group `spacy_cli`, spaCy
imports this module, which adds the commands to spaCy's own.
"""

import typer

from ..compat.spacy_cli import app
from .add_label import add_label_cli
from .add_task import add_task_cli
from .affinity import affinity_cli
from .apply import apply_cli
from .calibrate import calibrate_cli
from .check import check_cli
from .compare import compare_cli
from .convert import convert_cli
from .debug_data import debug_data_cli
from .evaluate import evaluate_cli
from .init_config import init_config_cli
from .list import list_cli
from .merge import merge_cli
from .quantize import quantize_cli
from .report import report_cli
from .show import show_cli
from .train import train_cli

HELP = "Commands for multi-task learning (spacy_mtl)."

mtl_cli = typer.Typer(name="mtl", help=HELP, no_args_is_help=True)
mtl_cli.command("add-label")(add_label_cli)
mtl_cli.command(
    "add-task", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(add_task_cli)
mtl_cli.command(
    "affinity", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(affinity_cli)
mtl_cli.command("apply")(apply_cli)
mtl_cli.command("calibrate")(calibrate_cli)
mtl_cli.command("check")(check_cli)
mtl_cli.command(
    "compare", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(compare_cli)
mtl_cli.command("convert")(convert_cli)
mtl_cli.command(
    "debug-data", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(debug_data_cli)
mtl_cli.command("evaluate")(evaluate_cli)
mtl_cli.command("init-config")(init_config_cli)
mtl_cli.command("list")(list_cli)
mtl_cli.command("merge")(merge_cli)
mtl_cli.command("quantize")(quantize_cli)
mtl_cli.command("report")(report_cli)
mtl_cli.command("show")(show_cli)
mtl_cli.command(
    "train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(train_cli)

app.add_typer(mtl_cli)
