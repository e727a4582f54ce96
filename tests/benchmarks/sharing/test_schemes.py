"""The schemes that take part."""

from typing import Any

from setup_entry_points import entry_points_of_setup


def test_all_schemes_of_the_package_take_part(benchmark_module: Any) -> None:
    """Also those that are added later: nobody keeps a list."""
    found = benchmark_module("sharing.schemes").find_schemes()
    assert found[0] == "HardSharing"
    assert "TaskAttention" in found
    lines = entry_points_of_setup()["spacy_architectures"]
    modules = {line.split(" = ")[0].split(".")[1]: line.split(" = ")[1] for line in lines}
    own = [name for name, module in modules.items() if module.startswith("spacy_mtl.sharing.")]
    assert set(found) <= set(own)
