"""Write what is recorded of trainings anew, where their numbers are meant to change.

`joint_step.json` was written before the rooms of the joint step moved. Since then, heads without
gold skip their passes, so dropout draws other numbers: the runs "a kind a batch, dropout" were
written again after that. `training.zip`, a training that was interrupted, is of the version before.

    PYTHONPATH=tests/helpers python tests/recordings/write.py [PART OF A NAME]
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from random_encoders import save_bert
from recorded_runs import runs
from recorded_trainings import record_training, trainings
from recording import fingerprint, record

PATH = Path(__file__).parent / "joint_step.json"


def write(encoder_dir: str, only: str = "") -> None:
    """Record anew the runs and trainings whose names contain a text."""
    found = json.loads(PATH.read_text(encoding="utf8"))
    found["of"] = fingerprint()
    for name, run in runs().items():
        if only in name:
            found["runs"][name] = record(run, encoder_dir)
    for name, settings in trainings().items():
        if only in name:
            with TemporaryDirectory() as folder:
                found["trainings"][name] = record_training(folder=Path(folder), **settings)
    PATH.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with TemporaryDirectory() as encoder:
        write(str(save_bert(Path(encoder))), *sys.argv[1:])
