import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import FORMATS, ConversionError, convert, detect_format

IOB = "Rome B-loc\nis O\n"


def load(path):
    return list(DocBin().from_disk(path).get_docs(Vocab()))


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def write(folder, **texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_summary_counts_what_carries_each_annotation(tmp_path):
    records = [
        '{"words": ["a", "b"], "tags": ["X", null], "ents": [[0, 2, "loc"]], "source": "w"}',
        '{"words": ["c"], "cats": {"x": 1, "y": 0}, "meta": {"sent_starts": [0]}}',
        '{"text": "", "source": "w"}',
    ]
    folder = write(tmp_path, a_jsonl="\n".join(records))
    (summary,) = convert(folder / "a.jsonl", tmp_path / "a.spacy").files
    assert (summary.docs, summary.tokens) == (2, 3)
    assert summary.annotated_tokens == {
        "tag": 1,
        "pos": 0,
        "lemma": 0,
        "morph": 0,
        "dep": 0,
        "ents": 2,
    }
    assert summary.ents == {"loc": 1}
    assert (summary.docs_with_cats, summary.cats) == (1, {"x": 1, "y": 0})
    assert (summary.docs_with_sents, summary.sents) == (1, 1)
    assert summary.left_out == {"key 'source'": 1, "document without words": 1}
    assert ("pos", "0", "missing") in summary.rows()
    assert ("tag", "1", "of 3 tokens") in summary.rows()


def test_parse_left_out_is_counted(tmp_path):
    rows = [f"{i}\tw\t_\t_\t_\t_\t0\troot\t_\t_\n" for i in (1, 2)]
    folder = write(tmp_path, a_conllu="".join(rows))
    (summary,) = convert(folder / "a.conllu", tmp_path / "a.spacy").files
    assert sum(summary.left_out.values()) == 1
    assert summary.annotated_tokens["dep"] == 0


def test_folder_converts_its_files_and_skips_others(tmp_path):
    folder = write(tmp_path / "in", train_iob=IOB, dev_iob=IOB, README_md="# x\n", _x="hidden")
    (folder / "sub").mkdir()
    conversion = convert(folder, tmp_path / "out")
    assert files_in(tmp_path / "out") == ["dev.spacy", "train.spacy"]
    assert [path.name for path in conversion.skipped] == ["README.md"]


def test_format_of_a_folder_chooses_its_files(tmp_path):
    folder = write(tmp_path / "in", a_tsv="Rome\tO\n", b_csv="x,y\n", c_txt=IOB)
    convert(folder, tmp_path / "out", format="iob")
    assert files_in(tmp_path / "out") == ["a.spacy", "c.spacy"]


def test_categories_list_the_labels_of_all_inputs(tmp_path):
    folder = write(tmp_path, a_csv="t,x\n", b_csv="t,y\n")
    convert([folder / "a.csv", folder / "b.csv"], tmp_path / "out")
    assert load(tmp_path / "out" / "a.spacy")[0].cats == {"x": 1.0, "y": 0.0}
    assert load(tmp_path / "out" / "b.spacy")[0].cats == {"x": 0.0, "y": 1.0}


def test_labels_can_be_given(tmp_path):
    folder = write(tmp_path, a_csv="t,x\n")
    convert(folder / "a.csv", tmp_path / "a.spacy", labels=["z", "x"])
    assert load(tmp_path / "a.spacy")[0].cats == {"z": 0.0, "x": 1.0}


@pytest.mark.parametrize(
    "name,text",
    [("a.csv", "t,x\nt,y\n"), ("a.jsonl", '{"text":"t"}\n{"text":"t","cats":{"y":1}}\n')],
)
def test_category_beyond_the_labels(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConversionError, match=f"{name}, line 2: category 'y' is not among .*: x"):
        convert(tmp_path / name, tmp_path / "a.spacy", labels=["x"])


def test_labels_without_categories(tmp_path):
    folder = write(tmp_path, a_iob=IOB)
    with pytest.raises(ConversionError, match="labels are given .x., but nothing"):
        convert(folder / "a.iob", tmp_path / "a.spacy", labels=["x"])


def test_unknown_spaces_keep_the_words_in_spacys_reader(tmp_path):
    folder = write(tmp_path, a_iob="don't O\ngo! B-x\n")
    nlp = spacy.blank("en")
    for unknown, words in ((False, ["do", "n't", "go", "!"]), (True, ["don't", "go!"])):
        convert(folder / "a.iob", tmp_path / "a.spacy", unknown_spaces=unknown)
        (eg,) = Corpus(tmp_path / "a.spacy")(nlp)
        assert [t.text for t in eg.predicted] == words
        assert [ent.text for ent in eg.reference.ents] == ["go!"]


@pytest.mark.parametrize(
    "name,text,expected",
    [
        ("a.conllu", "", "conllu"),
        ("a.JSONL", "", "jsonl"),
        ("a.csv", "", "csv"),
        ("a.tsv", "", "tsv"),
        ("a.bio", "", "iob"),
        ("a.conll", "1\ta" + "\t_" * 8 + "\n", "conllu"),
        ("a.conll", "-DOCSTART- O\n\n" + IOB, "iob"),
        ("a.annotated", "\t\nRome\tB-loc\n", "iob"),
        ("a.json", '{"text": "a"}\n', "jsonl"),
        ("a.txt", "Plain text.\n", None),
        ("a.txt", "", None),
    ],
)
def test_detected_format(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    assert detect_format(tmp_path / name) is (FORMATS[expected] if expected else None)


@pytest.mark.parametrize(
    "inputs,output,options,reason",
    [
        (["no.iob"], "x", {}, "no.iob: there is no such file or folder"),
        ([], "x", {}, "no input given"),
        (["a.txt"], "x", {}, "a.txt: cannot detect the format"),
        (["a.iob"], "x", {"format": "xml"}, "unknown format 'xml'. There are: auto, conllu"),
        (["a.iob"], "x", {"cats_from": "g"}, "'iob' has no option 'cats_from'. It has: word_col"),
        (["a.iob"], "x", {"format": "seq"}, "a.iob: the format 'seq' is a folder"),
        (["folder"], "x", {}, "folder: no file of a known format"),
        (["folder"], "x", {"format": "csv"}, "folder: no file of the format 'csv'"),
        (
            ["a.iob", "b.iob"],
            "x.spacy",
            {},
            "x.spacy: several inputs do not fit in one",
        ),
        (["a.iob"], "b.iob", {}, "b.iob: exists and is not a folder"),
        (["a.iob"], "d.spacy", {}, "d.spacy: expected a file, found a folder"),
        (["a.iob", "a.conll"], "x", {}, "a.conll: .*a.iob and this both go to"),
        (["empty.iob"], "x", {}, "empty.iob: the file is empty"),
        (["latin.iob"], "x", {}, "latin.iob, line 2: not valid UTF-8 .byte 0xe9"),
        (["blank.jsonl"], "x", {}, "blank.jsonl: there is no document with words"),
    ],
)
def test_errors_leave_nothing_behind(tmp_path, monkeypatch, inputs, output, options, reason):
    write(tmp_path, a_iob=IOB, b_iob=IOB, a_conll=IOB, a_txt="Plain\n", empty_iob="\n \n")
    write(tmp_path, blank_jsonl='{"text": ""}\n')
    write(tmp_path / "folder", a_txt="Plain\n")
    (tmp_path / "d.spacy").mkdir()
    (tmp_path / "latin.iob").write_bytes(b"a O\ncaf\xe9 O\n")
    before = files_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConversionError, match=reason):
        convert(inputs, output, **options)
    assert files_in(tmp_path) == before
    assert not (tmp_path / "x").exists()


def test_one_broken_file_stops_all(tmp_path):
    folder = write(tmp_path / "in", a_iob=IOB, b_iob="a X\n")
    with pytest.raises(ConversionError, match="b.iob, line 1"):
        convert(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text,ents",
    [
        ("EU\tB-ORG\nrejects\tO\n\nBo\tB-PER\n\n", ["EU", "Bo"]),
        ("-DOCSTART-\tO\n\nEU\tB-ORG\n", ["EU"]),
        ("a fine day\tO\nnot so\tB\n", None),
        ("a fine day\tgood\n\nnot so\tbad\n", None),
    ],
)
def test_words_with_tags_and_texts_with_labels_share_a_suffix(tmp_path, text, ents):
    (tmp_path / "a.tsv").write_text(text, encoding="utf8")
    convert(tmp_path / "a.tsv", tmp_path / "a.spacy")
    docs = list(DocBin().from_disk(tmp_path / "a.spacy").get_docs(Vocab()))
    assert all(bool(doc.cats) == (ents is None) for doc in docs)
    assert [ent.text for doc in docs for ent in doc.ents] == (ents or [])


def test_summary_names_labels(tmp_path):
    rows = "".join(f"a,l{i % 8}\n" for i in range(9))
    (tmp_path / "a.csv").write_text("review,sentiment\n" + rows, encoding="utf8")
    (summary,) = convert(tmp_path / "a.csv", tmp_path / "a.spacy").files
    assert summary.rows()[-1][-1] == "of 9 documents, 8 labels: l0, l1, l2, l3, l4, l5, ..."
