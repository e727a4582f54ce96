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


def test_default_settings_of_a_scheme(benchmark_module: Any) -> None:
    """They are saved with the scores: new defaults make these invalid."""
    defaults_of = benchmark_module("sharing.schemes").defaults_of
    assert defaults_of("HardSharing") == {}
    assert defaults_of("TaskAttention") == {"width": 96, "depth": 1, "dropout": 0.1}
