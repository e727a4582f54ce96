"""Checking a saved pipeline before loading it: code that would run, damage and mismatches.

Someone else's pipeline is as much a program as data: its config names functions, and its files
may name more. Everything here only reads; nothing in the pipeline is imported, resolved or built.
"""

import os
from typing import List

from thinc.api import Config

from ..files import CHECKSUMS
from .check_config import check_components, check_config
from .check_files import check_checksums, check_files, check_package
from .check_meta import check_meta
from .findings import DAMAGE, DANGER, NOTE, Checked, Finding, Part, guarded
from .saved import CONFIG, META, find_pipeline, read_saved_config


def check_pipeline(name: str) -> Checked:
    """Check a saved pipeline without loading it.

    name (str): Its folder, or the name of an installed package.
    RETURNS (Checked): The findings.
    RAISES (NoPipelineError): If there is no such pipeline.
    """
    folder = find_pipeline(name)
    findings: List[Finding] = []
    findings += guarded(str(folder), check_files(folder))
    findings += guarded(str(folder.parent / "__init__.py"), check_package(folder))
    findings += guarded(CHECKSUMS, check_checksums(folder))
    findings += guarded(META, check_meta(folder))
    try:
        config = read_saved_config(folder)
    except Exception as err:
        config = Config()
        findings.append(
            Finding(DAMAGE, CONFIG, f"It can't be read: {str(err) or type(err).__name__}")
        )
    else:
        findings += guarded(CONFIG, check_config(config))
    parts: List[Part] = []
    findings += guarded(CONFIG, check_components(folder, config, parts))
    order = (DANGER, DAMAGE, NOTE)
    findings.sort(key=lambda finding: order.index(finding.kind))
    return Checked(folder, parts, findings, os.path.lexists(folder / CHECKSUMS))
