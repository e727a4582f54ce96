"""Files of saved encoders, as they come and as somebody made them: data, or refused."""

import json
import pickle
import shutil
import warnings
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
import srsly
import torch
from cases import Case, Gives, Refused, check, name_of
from harmful_pickles import RAN, RunsCode
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.span_getters import get_doc_spans
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

from spacy_mtl.encoder.shim import SavedEncoderError, problems_of_shim
from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.transformer_model import create_transformer_model

OURS = "spacy_mtl.TransformerModel.v1"
TEXT = "anna books a room"


@pytest.fixture(scope="module")
def saved(encoder_dir: str) -> bytes:
    encoder = TransformerEncoder(encoder_dir)
    encoder.initialize()
    data: bytes = encoder.shims[0].to_bytes()
    return data


Change = Callable[[Dict[str, Any]], Any]


def config(**entries: Any) -> Change:
    return lambda message: message["config"].update(entries)


def file(name: Any, content: Any = b"x") -> Change:
    return lambda message: message["tokenizer"].update({name: content})


def tokenizer_config(name: str = "tokenizer_config.json", **entries: Any) -> Change:
    def change(message: Dict[str, Any]) -> None:
        found = json.loads(message["tokenizer"].get(name, b"{}"))
        message["tokenizer"][name] = json.dumps({**found, **entries}).encode("utf8")

    return change


def kwargs(**entries: Any) -> Change:
    return lambda message: message["tokenizer"]["kwargs"].update(entries)


def part(key: str, value: Any) -> Change:
    return lambda message: message.update({key: value})


def weights(change: Callable[[Dict[str, Any]], Any]) -> Change:
    def run(message: Dict[str, Any]) -> None:
        found = torch.load(BytesIO(message["state"]), weights_only=True)
        changed = change(found)
        out = BytesIO()
        torch.save(found if changed is None else changed, out)
        message["state"] = out.getvalue()

    return run


def with_pickle(message: Dict[str, Any]) -> None:
    """Weights whose pickle runs code."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(message["state"])) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            is_pickle = name.endswith("data.pkl")
            new.writestr(name, pickle.dumps(RunsCode()) if is_pickle else old.read(name))
    message["state"] = out.getvalue()


def flip(message: Dict[str, Any]) -> None:
    found = torch.load(BytesIO(message["state"]), weights_only=True)
    values = found["embeddings.word_embeddings.weight"].numpy().tobytes()
    data = bytearray(message["state"])
    data[data.index(values) + 5] ^= 1
    message["state"] = bytes(data)


def cut(message: Dict[str, Any]) -> None:
    message["state"] = message["state"][: len(message["state"]) // 2]


def as_by_hand(message: Dict[str, Any]) -> None:
    """What older versions of the library have written."""
    message["config"].pop("_attn_implementation_autoset", None)
    message.pop("_init_tokenizer_config")
    message.pop("_init_transformer_config")
    del message["tokenizer"]["kwargs"]


def refused(*says: str) -> Refused:
    return Refused("file 'model'", "cannot be loaded", *says, error=SavedEncoderError)


CODE = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
CASES = [
    Case("as it was saved", lambda message: None, Gives(True)),
    Case("of an older version", as_by_hand, Gives(True)),
    Case("settings of the tokenizer", kwargs(model_max_length=32, do_lower_case=True), Gives(True)),
    Case("a word that is called auto_map", file("vocab.json", b'{"auto_map": 3}'), Gives(True)),
    Case("notes of where it came from", tokenizer_config(name_or_path="/x/y"), Gives(True)),
    Case("no place at all", tokenizer_config(vocab_file=None), Gives(True)),
    Case(
        "a buffer of older versions",
        weights(lambda w: w.update({"embeddings.position_ids": torch.arange(64)[None]})),
        Gives(True),
    ),
    # Code.
    Case("trust in the settings", kwargs(trust_remote_code=True), refused("trust_remote_code")),
    Case("code in the config", config(auto_map=CODE), refused("auto_map", "config", "code")),
    Case(
        "code deep in the config",
        config(text_config={"auto_map": CODE}),
        refused("text_config.auto_map"),
    ),
    Case("code in a list of the config", config(parts=[{"auto_map": CODE}]), refused("auto_map")),
    Case(
        "code of the tokenizer",
        tokenizer_config(auto_map={"AutoTokenizer": ["evil.T", None]}),
        refused("tokenizer_config.json", "auto_map"),
    ),
    Case(
        "code of the tokenizer, as of old",
        tokenizer_config(auto_map=["evil.T", None]),
        refused("tokenizer_config.json", "auto_map"),
    ),
    Case(
        "code in another file",
        tokenizer_config("other.json", auto_map=CODE),
        refused("other.json", "auto_map"),
    ),
    Case("a module among the files", file("evil.py", b"import this"), refused("evil.py")),
    Case("a pickle among the files", file("vocab.pkl", pickle.dumps(1)), refused("vocab.pkl")),
    Case("weights among the files", file("pytorch_model.bin"), refused("pytorch_model.bin")),
    Case(
        "an adapter among the files", file("adapter_config.json", b"{}"), refused("adapter_config")
    ),
    Case("another config", file("config.json", b"{}"), refused("config.json")),
    Case("another config, in capitals", file("Config.JSON", b"{}"), refused("Config.JSON")),
    Case(
        "a kernel of a hub",
        config(_attn_implementation="evil/kernel:attend"),
        refused("_attn_implementation", "eager", "sdpa"),
    ),
    Case(
        "a kernel, inside",
        config(_attn_implementation_internal="evil/kernel:attend"),
        refused("_attn_implementation_internal"),
    ),
    Case(
        "another quantizer",
        config(quantization_config={"quant_method": "evil"}),
        refused("quantization_config"),
    ),
    Case(
        "a backbone of a hub",
        config(backbone="evil/net", use_pretrained_backbone=True),
        refused("backbone"),
    ),
    Case(
        "numbers that there are not", config(torch_dtype="load"), refused("torch_dtype", "float32")
    ),
    Case("a method as a setting", config(to_dict="x"), refused("to_dict")),
    Case("a class as a setting", config(__class__="x"), refused("__class__")),
    Case("a type that there is not", config(model_type="evil"), refused("model_type", "'evil'")),
    Case("no type", lambda m: m["config"].pop("model_type"), refused("model_type")),
    Case("a type that is a list", config(model_type=["bert"]), refused("model_type")),
    Case(
        "a class that is no tokenizer",
        tokenizer_config(tokenizer_class="AutoModel"),
        refused("tokenizer_class", "'AutoModel'"),
    ),
    Case("a class that there is not", tokenizer_config(tokenizer_class="Evil"), refused("'Evil'")),
    Case(
        "a tokenizer that unpickles",
        tokenizer_config(tokenizer_class="TransfoXLTokenizer"),
        refused("TransfoXLTokenizer"),
    ),
    Case("a class by the config", config(tokenizer_class="AutoModel"), refused("'AutoModel'")),
    Case("weights that run", with_pickle, refused("weights name", "exec")),
    Case(
        "weights that load",
        weights(lambda w: {"a": torch.nn.Linear(1, 1)}),
        refused("weights name", "Linear"),
    ),
    # Other files.
    Case("a path from the root", file("/tmp/x.txt"), refused("'/tmp/x.txt'", "plain name")),
    Case("a path upwards", file("../../x.txt"), refused("'../../x.txt'")),
    Case("a path of Windows", file("..\\x.txt"), refused("x.txt", "plain name")),
    Case("a drive", file("c:x.txt"), refused("c:x.txt")),
    Case("a device", file("con.txt"), refused("con.txt")),
    Case("a stream", file("x.txt:y.txt"), refused("x.txt:y.txt")),
    Case("a folder", file("a/x.txt"), refused("a/x.txt")),
    Case("upwards alone", file(".."), refused("'..'")),
    Case("no name", file(""), refused("plain name")),
    Case("a byte of zero", file("x\0.txt"), refused("plain name")),
    Case("a line in a name", file("x\n.txt"), refused("plain name")),
    Case("a hidden file", file(".x.txt"), refused(".x.txt")),
    Case("a long name", file("x" * 300 + ".txt"), refused("plain name")),
    Case("a name that is a number", file(3), refused("plain name")),
    Case("a file that is text", file("x.txt", "x"), refused("'x.txt'", "str", "bytes")),
    Case(
        "a vocabulary elsewhere",
        tokenizer_config(vocab_file="/etc/passwd"),
        refused("vocab_file", "/etc/passwd", "another file"),
    ),
    Case(
        "a tokenizer elsewhere",
        tokenizer_config(tokenizer_file="/etc/passwd"),
        refused("tokenizer_file"),
    ),
    Case(
        "a vocabulary elsewhere, by the other file",
        tokenizer_config("special_tokens_map.json", vocab_file="/etc/passwd"),
        refused("special_tokens_map.json", "vocab_file"),
    ),
    Case(
        "arguments of the tokenizer",
        tokenizer_config(init_inputs=["/etc/passwd"]),
        refused("init_inputs"),
    ),
    Case(
        "a list of files elsewhere",
        tokenizer_config(fast_tokenizer_files=["../tokenizer.4.0.0.json"]),
        refused("fast_tokenizer_files"),
    ),
    Case(
        "a model of words elsewhere",
        tokenizer_config(sp_model_kwargs={"model_file": "/etc/passwd"}),
        refused("model_file"),
    ),
    Case(
        "a dictionary elsewhere",
        tokenizer_config(mecab_kwargs={"mecab_option": "-d /x"}),
        refused("mecab_option"),
    ),
    Case("a cache elsewhere", kwargs(cache_dir="/x"), refused("cache_dir")),
    Case("a hub", kwargs(revision="evil"), refused("revision")),
    Case("settings within settings", kwargs(never_split=["a"]), refused("never_split", "list")),
    # Damage.
    Case("weights cut short", cut, refused("weights are damaged")),
    Case("a bit of the weights", flip, refused("weights are damaged", "checksum")),
    Case("weights that are text", part("state", "x"), refused("weights", "str", "bytes")),
    Case("weights that are none", part("state", b""), refused("weights are damaged")),
    Case(
        "weights that are lacking",
        weights(lambda w: w.pop("embeddings.word_embeddings.weight") is None or None),
        refused("do not fit", "word_embeddings", "missing"),
    ),
    Case("weights of other sizes", config(hidden_size=32), refused("do not fit", "size mismatch")),
    Case("weights of more layers", config(num_hidden_layers=1), refused("layer.1", "unknown")),
    Case("weights of fewer layers", config(num_hidden_layers=3), refused("layer.2", "missing")),
    Case("weights that are a list", weights(lambda w: [1]), refused("do not fit")),
    Case("heads that do not divide", config(num_attention_heads=3), refused("multiple")),
    Case("no numbers of layers", config(num_hidden_layers="two"), refused("TypeError")),
    Case("a config that is a list", part("config", [1]), refused("'config'", "list")),
    Case("a tokenizer that is a list", part("tokenizer", [1]), refused("'tokenizer'", "list")),
    Case("settings that are text", part("_init_tokenizer_config", "x"), refused("_init_tokenizer")),
    Case("no weights", lambda m: m.pop("state"), refused("not those of an encoder", "state")),
    Case("no tokenizer", part("tokenizer", {}), refused("no file of a tokenizer")),
    Case(
        "a tokenizer cut short",
        lambda m: m["tokenizer"].update({"tokenizer.json": m["tokenizer"]["tokenizer.json"][:99]}),
        refused("tokenizer.json", "no JSON"),
    ),
    Case("a tokenizer of nothing", file("tokenizer.json", b"{}"), refused("cannot be loaded")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_model(
    case: Case, saved: bytes, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs, and nothing but what is loaded tells of itself."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    RAN.clear()
    docs = [spacy.blank("en").make_doc(TEXT)]

    def load(change: Change) -> bool:
        message = srsly.msgpack_loads(saved)
        change(message)
        data = srsly.msgpack_dumps(message)
        problems = problems_of_shim(data)
        encoder = TransformerEncoder(encoder_dir)
        encoder.set_dim("nO", 16)
        dtype = torch.get_default_dtype()
        try:
            encoder.shims[0].from_bytes(data)
        finally:
            assert not RAN
            assert not list(tmp_path.iterdir())
            assert torch.get_default_dtype() == dtype
        assert not problems
        assert not encoder.shims[0]._model.training
        return bool(numpy.isfinite(encoder.predict(docs)[0]).all())

    check(case, load)


@pytest.mark.parametrize("data", [b"", b"x", b"\x81\xa1", b"\xc1" * 50, b"\x90", b"\x80"])
def test_bytes_that_are_no_encoder(data: bytes, encoder_dir: str) -> None:
    assert len(problems_of_shim(data)) == 1
    with pytest.raises(SavedEncoderError, match="'model' of a component, cannot be loaded"):
        TransformerEncoder(encoder_dir).shims[0].from_bytes(data)


def test_whatever_is_cut_or_changed(saved: bytes, encoder_dir: str) -> None:
    """Each is refused with an error of ours, or loads."""
    random = numpy.random.RandomState(0)
    messages = []
    for place in [*random.randint(0, 8000, 25), *random.randint(0, len(saved), 15)]:
        flipped = bytearray(saved)
        flipped[place] ^= 1 << random.randint(8)
        for data in (bytes(flipped), saved[:place]):
            try:
                TransformerEncoder(encoder_dir).shims[0].from_bytes(data)
            except SavedEncoderError as err:
                messages.append(str(err))
    assert len(messages) > 40
    assert all("Copy the pipeline anew" in message for message in messages)


def test_what_is_found_without_building(saved: bytes) -> None:
    message = srsly.msgpack_loads(saved)
    for change in (config(auto_map=CODE), file("../x"), kwargs(trust_remote_code=True), cut):
        change(message)
    found = problems_of_shim(srsly.msgpack_dumps(message))
    assert len(found) == 4
    for problem, word in zip(sorted(found), ["auto_map", "damaged", "../x", "trust_remote_code"]):
        assert any(word in each for each in found), problem


def make(encoder_dir: str, where: str) -> Any:
    nlp = spacy.blank("en")
    if where == "component":
        nlp.add_pipe("transformer", config={"model": {"@architectures": OURS, "name": encoder_dir}})
        nlp.add_pipe("mtl")
    else:
        add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe(HEADS["tagger"], name="tagger")
    nlp.initialize(lambda: make_examples(nlp))
    if where == "head":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nlp.replace_listeners("mtl", "tagger", ["model.tok2vec"])
    return nlp


@pytest.fixture(scope="module")
def copy_of(encoder_of: Callable[[str], str], tmp_path_factory: Any) -> Callable[..., Path]:
    """Write a copy of a trained pipeline: copy_of("bert", "component", path)."""
    made: Dict[Any, Path] = {}

    def write(kind: str, where: str, path: Path) -> Path:
        if (kind, where) not in made:
            made[kind, where] = tmp_path_factory.mktemp("saved")
            make(encoder_of(kind), where).to_disk(made[kind, where])
        shutil.copytree(made[kind, where], path, dirs_exist_ok=True)
        return path

    return write


def change_shim(path: Path, change: Change) -> None:
    """Change the first encoder in a saved model."""
    message = srsly.read_msgpack(path)
    place, shims = next((i, own) for i, own in enumerate(message["shims"]) if own)
    inside = srsly.msgpack_loads(shims[0])
    change(inside)
    message["shims"][place] = [srsly.msgpack_dumps(inside), *shims[1:]]
    path.write_bytes(srsly.msgpack_dumps(message))


@pytest.mark.parametrize(
    "where, folder", [("component", "transformer"), ("inside", "mtl"), ("head", "tagger")]
)
@pytest.mark.parametrize("change", [config(auto_map=CODE), file("/x/y"), cut])
def test_no_pipeline_loads_it(
    where: str, folder: str, change: Change, copy_of: Callable[..., Path], tmp_path: Path
) -> None:
    copy_of("bert", where, tmp_path)
    assert spacy.load(tmp_path)(TEXT)
    change_shim(tmp_path / folder / "model", change)
    with pytest.raises(ValueError, match="saved encoder") as caught:
        spacy.load(tmp_path)
    if where == "component":
        assert "'model' of the component 'transformer'" in str(caught.value)


@pytest.mark.parametrize("trust", [True, False])
def test_a_folder_brings_no_code(
    trust: bool,
    encoder_dir: str,
    copy_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from random_encoders import edit, spoil

    copy_of("bert", "component", tmp_path)
    model = tmp_path / "transformer" / "model"
    model.unlink()
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    code = "import builtins\nbuiltins.test_saved_model_ran = True\n"
    spoil(encoder_dir, model, lambda path: (path / "evil.py").write_text(code))
    edit(model, "config.json", lambda found: found.update(auto_map=CODE, model_type="evil"))
    key = "components.transformer.model.tokenizer_config"
    with (
        pytest.warns(UserWarning, match="Automatically converting"),
        pytest.raises(SavedEncoderError, match="is a folder.*Copy the pipeline anew"),
    ):
        spacy.load(tmp_path, config={key: {"use_fast": True, "trust_remote_code": trust}})
    import builtins

    assert not hasattr(builtins, "test_saved_model_ran")


@pytest.mark.parametrize("is_ours_first", [True, False])
def test_exchange_with_the_library(is_ours_first: bool, encoder_dir: str) -> None:
    docs = [spacy.blank("en").make_doc(TEXT)]
    ours = create_transformer_model(encoder_dir, get_doc_spans)
    theirs = TransformerModel(encoder_dir, get_doc_spans, {"use_fast": True})
    first, second = (ours, theirs) if is_ours_first else (theirs, ours)
    first.initialize(X=docs)
    second.from_bytes(first.to_bytes())
    states = [model.predict(docs).model_output.last_hidden_state for model in (first, second)]
    torch.testing.assert_close(*states)


def test_settings_of_a_file_are_not_used_to_initialise(encoder_dir: str) -> None:
    """A pipeline that was saved before it was initialised."""
    encoder = TransformerEncoder(encoder_dir, {"use_fast": False})
    other = TransformerEncoder(encoder_dir, {"use_fast": True})
    other.from_bytes(encoder.to_bytes())
    other.initialize()
    assert other.shims[0]._hfmodel.tokenizer.is_fast


def test_no_code_is_saved(encoder_dir: str, tmp_path: Path) -> None:
    """Encoders that transformers has, too, often name code of their own beside it."""
    from random_encoders import edit, spoil

    folder = spoil(encoder_dir, tmp_path / "encoder", lambda path: None)
    for name in ("config.json", "tokenizer_config.json"):
        edit(folder, name, lambda found: found.update(auto_map={"AutoX": "elsewhere--x.Y"}))
    encoder = TransformerEncoder(str(folder))
    encoder.initialize()
    data = encoder.shims[0].to_bytes()
    assert not problems_of_shim(data)
    TransformerEncoder("x").shims[0].from_bytes(data)


def test_an_encoder_with_code_is_told_of(encoder_dir: str, tmp_path: Path) -> None:
    """It is trained as its user wants it, and the pipeline is not loaded."""
    from random_encoders import edit, spoil

    code = "from transformers import BertModel\nclass Own(BertModel):\n    pass\n"
    folder = spoil(
        encoder_dir, tmp_path / "own", lambda path: (path / "own_code.py").write_text(code)
    )
    edit(folder, "config.json", lambda found: found.update(auto_map={"AutoModel": "own_code.Own"}))
    encoder = TransformerEncoder(str(folder), transformer_config={"trust_remote_code": True})
    with pytest.warns(UserWarning, match="code of its own .* cannot be loaded"):
        encoder.initialize()
    assert type(encoder.shims[0]._model).__name__ == "Own"
    with pytest.raises(SavedEncoderError, match="auto_map.*train with classes that transformers"):
        TransformerEncoder("x").from_bytes(encoder.to_bytes())


def swap(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_bytes((other / "transformer" / "model").read_bytes())


def of_mtl(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_bytes((other / "mtl" / "model").read_bytes())


def shorten(n: int) -> Callable[[Path, Path], None]:
    def change(path: Path, other: Path) -> None:
        model = path / "transformer" / "model"
        model.write_bytes(model.read_bytes()[:n])

    return change


def text_instead(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_text("no model")


def folder_instead(path: Path, other: Path) -> None:
    (path / "transformer" / "model").unlink()
    (path / "transformer" / "model").mkdir()


FILES = [
    Case("nothing is changed", lambda path, other: None, Gives(True)),
    Case("nothing in it", shorten(0), Refused("'model' of the component 'transformer'", "Copy")),
    Case("cut short", shorten(5000), Refused("'model' of the component 'transformer'", "Copy")),
    Case("a byte too few", shorten(-1), Refused("'model' of the component 'transformer'", "Copy")),
    Case("text", text_instead, Refused("'model' of the component 'transformer'", "damaged")),
    Case("that of mtl", of_mtl, Refused("component 'transformer'", "of another component")),
    Case(
        "of a wider encoder",
        swap,
        Refused("'transformer' gives vectors of width 24", "'mtl'", "width of 16", "Copy both"),
    ),
    Case("a folder", folder_instead, Refused("is a folder", "Copy the pipeline anew")),
]


@pytest.mark.filterwarnings("ignore:Automatically converting")
@pytest.mark.parametrize("case", FILES, ids=name_of)
def test_file_of_a_component(case: Case, copy_of: Callable[..., Path], tmp_path: Path) -> None:
    for name, kind in (("own", "bert"), ("other", "wide")):
        copy_of(kind, "component", tmp_path / name)

    def load(change: Callable[[Path, Path], None]) -> bool:
        change(tmp_path / "own", tmp_path / "other")
        return bool(spacy.load(tmp_path / "own")(TEXT))

    check(case, load)


def test_labels_of_a_config_may_have_any_name(encoder_dir: str) -> None:
    """Words of a user's are no settings, even where transformers has a method of that name."""
    from spacy_mtl.encoder.saved import problems_of_message

    config = json.loads((Path(encoder_dir) / "config.json").read_text(encoding="utf8"))
    labels = {"update": 0, "from_dict": 1, "auto_map": 2}
    config.update(label2id=labels, id2label={str(n): label for label, n in labels.items()})
    message = {"config": config, "tokenizer": {}, "state": b""}
    assert not [problem for problem in problems_of_message(message) if "config" in problem]
    config["update"] = 1
    assert [problem for problem in problems_of_message(message) if "'update'" in problem]
