"""CoNLL-U: morphology, labels, and sentences of any length."""

import pytest
from cases import Case, Gives, check, name_of
from conversions import File, check_command, check_file, conllu, iob, refused, run, typed

AB = ["a", "b"]


CASES = [
    # Morphology
    Case(
        "a feature of two values",
        conllu(feats="A=B=C"),
        refused("a.conllu, line 1", "FEATS 'A=B=C'", "Name=Value"),
    ),
    Case("a feature without a value", conllu(feats="A="), refused("FEATS 'A='")),
    Case("a feature without a name", conllu(feats="=B"), refused("FEATS '=B'")),
    Case("a bar after features", conllu(feats="A=B|"), refused("FEATS 'A=B|'", "''")),
    Case("a feature twice", conllu(feats="A=B|A=C"), refused("has A twice", "A=A,B")),
    Case(
        "a feature of several values",
        conllu(lambda done: str(done.docs[0][0].morph), feats="A[x]=B,C|B=1"),
        Gives("A[x]=B,C|B=1"),
    ),
    Case("a blank XPOS", conllu(xpos=" "), refused("a.conllu, line 1", "XPOS ' '")),
    Case("a dependency with a space", conllu(head="0", deprel="x "), refused("DEPREL 'x '")),
    Case("a part of speech of spaces", conllu(upos="NOUN "), refused("UPOS 'NOUN '")),
    Case("a form of a no-break space", conllu(form="\u00a0"), Gives([["\u00a0"]])),
    Case(
        "a tag of a no-break space",
        iob("a NN O\nb \u00a0 O\n", tag_column=1, ner_column=2),
        refused("a.iob, line 2", "the tag '\\xa0'"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)


ROWS = 20_000


@pytest.mark.parametrize(
    "head,refusal",
    [
        (lambda i: i - 1, None),
        (lambda i: (i + 1) % (ROWS + 1), None),
        (lambda i: i % ROWS + 1, "form a cycle"),
        (lambda i: ROWS if i == ROWS - 1 else i + 1 if i < ROWS else i - 1, f"line {ROWS - 1}"),
    ],
    ids=["from the first", "to the last", "a cycle of all", "a cycle at the end"],
)
def test_a_long_sentence_is_checked_in_linear_time(tmp_path, head, refusal):
    rows = [f"{i}\tw\t_\t_\t_\t_\t{head(i)}\tx\t_\t_\n" for i in range(1, ROWS + 1)]
    answer = refused(refusal) if refusal else Gives([ROWS])
    given = File("a.conllu", "".join(rows), lambda done: [len(doc) for doc in done.docs])
    check(Case("long", given, answer), lambda given: run(given, tmp_path))
