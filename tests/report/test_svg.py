"""Elements of SVG: escaped, and well-formed whatever the text."""

from xml.etree import ElementTree

import pytest

from spacy_mtl.report.svg import element, escaped, width_of


def test_element() -> None:
    assert element("rect", class_="line", fill_opacity=0.5, width=10.0, x=1 / 3, n=3) == (
        '<rect class="line" fill-opacity="0.5" width="10" x="0.33" n="3"/>'
    )
    assert element("g", element("text", "a")) == "<g><text>a</text></g>"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (100.0, "100"), (0.004, "0"), (-0.5, "-0.5")]
)
def test_numbers(value: float, text: str) -> None:
    assert element("rect", x=value) == f'<rect x="{text}"/>'


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("a<b>&\"c'", "a<b>&\"c'"),
        ("</text><script>", "</text><script>"),
        ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("\ud800\ufffe", "\ufffd\ufffd"),
        ("日本 😀", "日本 😀"),
    ],
)
def test_any_text(value: str, read: str) -> None:
    found = ElementTree.fromstring(element("text", escaped(value), name=value))
    assert (found.text, found.attrib) == (read, {"name": read})


def test_wide_characters() -> None:
    assert width_of("日本", 10) > width_of("ab", 10) > width_of("a", 10) > 0 == width_of("", 10)
