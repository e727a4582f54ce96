"""OpenVINO, which is an extra, without what it would report to its makers."""

import sys
from typing import Any


def import_openvino() -> Any:
    """Import OpenVINO when it is first needed.

    It would send statistics about its use over the network, from the import on, unless the user
    opted out. Hides `openvino_telemetry` meanwhile, which it can do without. Whoever imports
    OpenVINO before decides for themselves.

    RETURNS (ModuleType): The module.
    RAISES (ImportError): If it isn't installed, or can't be loaded.
    """
    name = "openvino_telemetry"
    if "openvino" in sys.modules or name in sys.modules:
        import openvino

        return openvino
    modules: Any = sys.modules
    # As if it were not installed.
    modules[name] = None
    try:
        import openvino
    finally:
        del modules[name]
    return openvino
