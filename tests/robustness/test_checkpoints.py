"""Folders that are written in place, and checkpoints that were damaged: never silently."""

import errno
import io
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
import srsly
from cases import Case, Gives, Refused, check, name_of
from short_training import assert_same, config_of
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from tiny_corpus import make_docs

from spacy_mtl.files import (
    CHECKSUMS,
    MARK,
    WriteError,
    damaged_files,
    put_back,
    remove,
    remove_left,
    write_checksums,
    write_in_place,
)
from spacy_mtl.report.best import create_best_by_task
from spacy_mtl.train.checkpoint import CheckpointError, find_latest
from spacy_mtl.train.loop import train

Change = Callable[[Path], Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a short training that is over."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = folder / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en")), store_user_data=True).to_disk(corpus)
    config = config_of(str(corpus), max_steps=2, eval_frequency=1)
    config["training"]["logger"] = {"@loggers": "spacy_mtl.BestByTask.v1"}
    meta = {"config": config.to_str(), "data": {}, "machine": {}}
    train(init_nlp(config), folder / "out", meta=meta, stdout=io.StringIO())
    return folder / "out"


@pytest.fixture
def output(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "out"))


def resume(output: Path) -> None:
    """As the command does, but for what it compares with the config and the machine."""
    found = find_latest(output)
    assert found is not None
    # The command goes on with --differ.
    damaged = found.check()
    if damaged:
        raise CheckpointError(damaged[0])
    found.read_meta()
    train(found.load_pipeline(), output, checkpoint=found, stdout=io.StringIO())


def is_refused(output: Path) -> bool:
    """Whether it does not go on, by an error of ours."""
    try:
        resume(output)
    except CheckpointError:
        return True
    return False


def files_of(folder: Path) -> List[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


# Damage, by what it makes of the bytes.
TRUNCATIONS: Dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "a byte": lambda data: data[:1],
    "a tenth": lambda data: data[: len(data) // 10],
    "half": lambda data: data[: len(data) // 2],
    "all but a tenth": lambda data: data[: 9 * len(data) // 10],
    "all but a byte": lambda data: data[:-1],
}


def flip(share: float, bit: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = min(int(share * len(data)), len(data) - 1)
        return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]

    return change


FLIPS = {
    f"bit {bit} at {share}": flip(share, bit) for share in (0.0, 0.35, 0.7, 1.0) for bit in (0, 6)
}


def test_every_file_of_a_checkpoint(output: Path) -> None:
    """Truncated, flipped, emptied or gone: it is refused, and the file is named."""
    found = find_latest(output)
    assert found is not None
    silent = []
    for path in files_of(found.path):
        data = path.read_bytes()
        for name, change in {**TRUNCATIONS, **FLIPS}.items():
            if change(data) == data:
                continue
            path.write_bytes(change(data))
            if not is_refused(output):
                silent.append((path.name, name))
        path.unlink()
        # Without checksums it may be one from before there were any.
        if path.name != CHECKSUMS and not is_refused(output):
            silent.append((path.name, "gone"))
        path.write_bytes(data)
    assert not silent
    resume(output)


def test_every_key_of_the_checksums(output: Path) -> None:
    """A path or a checksum that was changed by a bit: refused, by an error of ours."""
    found = find_latest(output)
    assert found is not None
    path = found.path / CHECKSUMS
    data = path.read_text()
    for name, checksum in json.loads(data).items():
        for text in (name, checksum):
            for bit in (0, 3, 5):
                changed = chr(ord(text[0]) ^ (1 << bit)) + text[1:]
                path.write_text(data.replace(json.dumps(text), json.dumps(changed)))
                if text == checksum and name == "meta.json" and changed[0] in "0123456789abcdef":
                    # That may as well be the meta.
                    assert found.check()
                    continue
                with pytest.raises(CheckpointError, match="remove its folder to begin anew"):
                    found.check()


def test_every_file_of_a_checkpoint_without_checksums(output: Path) -> None:
    """A truncation, or a file that is gone, is noticed all the same."""
    found = find_latest(output)
    assert found is not None
    (found.path / CHECKSUMS).unlink()
    silent = []
    for path in files_of(found.path):
        data = path.read_bytes()
        for name, change in TRUNCATIONS.items():
            if change(data) != data:
                path.write_bytes(change(data))
                if not is_refused(output):
                    silent.append((path.name, name))
        path.unlink()
        if not is_refused(output):
            silent.append((path.name, "gone"))
        path.write_bytes(data)
    assert not silent
    resume(output)


def test_every_file_of_a_pipeline(output: Path) -> None:
    """All that a training writes has checksums, and they are right."""
    folders = [
        "model-best",
        "model-last",
        *(f"model-best-{t}" for t in ("tagger", "ner", "textcat")),
    ]
    for name in folders:
        assert (output / name / CHECKSUMS).is_file()
        assert not damaged_files(output / name)
        known = srsly.read_json(output / name / CHECKSUMS)
        found = {path.relative_to(output / name).as_posix() for path in files_of(output / name)}
        assert set(known) == found - {CHECKSUMS}
    for path in files_of(output / "model-best"):
        data = path.read_bytes()
        path.write_bytes(flip(0.5, 3)(data))
        assert damaged_files(output / "model-best"), path
        path.write_bytes(data)
    assert not damaged_files(output / "model-best")


def without_checksums(change: Change) -> Change:
    def changed(folder: Path) -> None:
        change(folder)
        (folder / CHECKSUMS).unlink()

    return changed


def state(alter: Callable[[Dict[str, Any]], Any]) -> Change:
    """Change the state, whose checksum is gone."""

    def change(folder: Path) -> None:
        found = srsly.read_msgpack(folder / "state.msgpack")
        found = {key: dict(v) if isinstance(v, dict) else v for key, v in found.items()}
        alter(found)
        srsly.write_msgpack(folder / "state.msgpack", found)

    return without_checksums(change)


def whole_file(name: str, content: Any) -> Change:
    write = srsly.write_json if name.endswith(".json") else srsly.write_msgpack
    return without_checksums(lambda folder: write(folder / name, content))


def meta(**changes: Any) -> Change:
    def change(folder: Path) -> None:
        found = {**srsly.read_json(folder / "meta.json"), **changes}
        known = {key: value for key, value in found.items() if value is not ...}
        srsly.write_json(folder / "meta.json", known)

    return without_checksums(change)


def as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def as_folder(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def older(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("checkpoint-2"))
    (folder / "state.msgpack").write_bytes(b"")


def other_pipeline(folder: Path) -> None:
    shutil.rmtree(folder / "pipeline")
    shutil.copytree(folder.parent / "other", folder / "pipeline")


def first(kind: str, value: Any) -> Change:
    """Something else for the first parameter that an optimizer or the gradients know."""

    def alter(found: Dict[str, Any]) -> None:
        block = found["gradients"] if kind == "gradients" else found["optimizer"]
        if kind != "gradients":
            block[kind] = dict(block[kind])
            block = block[kind]
        block[next(iter(block))] = value

    return state(alter)


NAMES = ("state.msgpack", "checkpoint-3", "remove its folder to begin anew")
CHECKPOINTS = [
    Case("as it was", lambda folder: None, Gives(None)),
    Case("none of its checksums", lambda folder: (folder / CHECKSUMS).unlink(), Gives(None)),
    Case("a file more", lambda folder: (folder / "notes.txt").write_text("x"), Gives(None)),
    *(
        Case(
            f"the state has no '{key}'",
            state(lambda found, key=key: found.pop(key)),
            Refused(f"it has no '{key}'", *NAMES),
        )
        for key in ("step", "results", "words", "optimizer", "gradients", "components", "corpus")
    ),
    Case("no losses", state(lambda s: s.update(losses=None)), Refused("its 'losses' is", *NAMES)),
    Case(
        "a step of text", state(lambda s: s.update(step="3")), Refused("its 'step' is '3'", *NAMES)
    ),
    Case(
        "a step of truth", state(lambda s: s.update(step=True)), Refused("'step' is True", *NAMES)
    ),
    Case("another step", state(lambda s: s.update(step=2)), Refused("it is of step 2", *NAMES)),
    Case("no batches", state(lambda s: s.update(batches={})), Refused("there is no", *NAMES)),
    Case("no chance", state(lambda s: s.update(chance={})), Refused("there is no 'data'", *NAMES)),
    Case("a corpus' state too many", state(lambda s: s.update(corpus={})), Refused(*NAMES)),
    Case("results of one", state(lambda s: s.update(results=[1])), Refused(*NAMES)),
    Case("no moments", state(lambda s: s["optimizer"].pop("mom1")), Refused("mom1", *NAMES)),
    Case(
        "no averages", state(lambda s: s["optimizer"].pop("averages")), Refused("averages", *NAMES)
    ),
    Case("no radam", state(lambda s: s["optimizer"].pop("radam")), Refused("radam", *NAMES)),
    Case(
        "losses of a number",
        state(lambda s: s.update(losses=2**63)),
        Refused("'losses'", *NAMES),
    ),
    Case("a moment of text", first("mom1", "x"), Refused("mom1", "are 'x'", *NAMES)),
    Case("a count of text", first("nr_update", "x"), Refused("nr_update", "are 'x'", *NAMES)),
    Case("an average of a number", first("averages", 1), Refused("averages", "shape", *NAMES)),
    Case("a gradient of another shape", first("gradients", [1, 2, 3]), Refused("shape", *NAMES)),
    Case(
        "a parameter that there is not",
        state(lambda s: s["gradients"].update({"mtl/99/node/W": [2]})),
        Refused("'gradients' of mtl/99/node/W, which the pipeline does not have", *NAMES),
    ),
    Case(
        "components unknown", state(lambda s: s["components"].update(x={})), Refused("'x'", *NAMES)
    ),
    Case(
        "components forgotten", state(lambda s: s.update(components={})), Refused("'mtl'", *NAMES)
    ),
    Case("sizes of no files", meta(files=[1]), Refused("it is a list", "meta.json")),
    Case("a list as state", whole_file("state.msgpack", [1]), Refused("it is a list", *NAMES)),
    Case("nothing as state", whole_file("state.msgpack", None), Refused("NoneType", *NAMES)),
    Case("a list as meta", whole_file("meta.json", []), Refused("it is a list", "meta.json")),
    Case("no config in the meta", meta(config=...), Refused("it has no 'config'", "meta.json")),
    Case("no machine in the meta", meta(machine=...), Refused("it has no 'machine'", "meta.json")),
    Case("data of a number", meta(data=3), Refused("its 'data' is 3", "meta.json")),
    Case("a file", as_file, Refused("it is no folder", "checkpoint-3")),
    Case("an empty folder", empty, Refused("there is no such file", "checkpoint-3/pipeline")),
    Case("no pipeline", lambda f: shutil.rmtree(f / "pipeline"), Refused("checkpoint-3/pipeline")),
    Case("the state is a folder", as_folder("state.msgpack"), Refused("is no file", *NAMES)),
    Case("another pipeline", without_checksums(other_pipeline), Refused("checkpoint-3")),
    Case("an older one", older, Refused("state.msgpack", "to go on from checkpoint-2")),
    Case(
        "checksums: of another name",
        lambda f: (f / CHECKSUMS).write_text((f / CHECKSUMS).read_text().replace("state", "sTate")),
        Refused(f"{CHECKSUMS} cannot be read", "sTate.msgpack is missing"),
    ),
    Case(
        "one that was renamed",
        lambda f: [shutil.copytree(f, f.with_name("checkpoint-1.old")), (f / "meta.json").unlink()],
        Refused("meta.json", "or rename checkpoint-1.old to go on from there"),
    ),
]


@pytest.mark.parametrize("case", CHECKPOINTS, ids=name_of)
def test_checkpoints(case: Case, output: Path) -> None:
    spacy.blank("en").to_disk(output / "other")

    def run(change: Change) -> None:
        change(output / "checkpoint-3")
        resume(output)

    if isinstance(case.answer, Refused):
        case.answer.error = CheckpointError
    check(case, run)


def listed(content: Any) -> Change:
    text = content if isinstance(content, str) else json.dumps(content)
    return lambda folder: (folder / CHECKSUMS).write_text(text)


def link_out(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "a").symlink_to("/etc/hostname")


def link_to_itself(folder: Path) -> None:
    (folder / "a").unlink()
    (folder / "a").symlink_to("a")


def package(folder: Path) -> None:
    """As building a wheel does: with the same meta.json beside the folder and in it."""
    (folder.parent / "__init__.py").write_text("")
    for where in (folder.parent, folder):
        (where / "meta.json").write_text('{"version": "1.0"}')


def package_of_another(folder: Path) -> None:
    package(folder)
    (folder / "meta.json").write_text('{"version": "1.1"}')


def says(*words: str) -> Gives:
    return Gives(lambda texts: len(texts) == 1 and all(word in texts[0] for word in words))


SUM = "0" * 64
FOLDERS = [
    Case("as it was", lambda f: None, Gives([])),
    Case("no checksums", lambda f: (f / CHECKSUMS).unlink(), Gives([])),
    Case("other bytes", lambda f: (f / "a").write_text("x"), says("a has other bytes", CHECKSUMS)),
    Case("one is gone", lambda f: (f / "b/c").unlink(), says("b/c is missing")),
    Case("a folder is gone", lambda f: shutil.rmtree(f / "b"), says("b/c is missing")),
    Case("a readme more", lambda f: (f / "README.md").write_text("x"), Gives([])),
    Case("a folder for a file", as_folder("a"), says("a is no file")),
    Case("a link out", link_out, says("a is a link that leads out")),
    Case("a link to itself", link_to_itself, says("a ")),
    Case("a pipe", lambda f: [(f / "a").unlink(), os.mkfifo(f / "a")], says("a is no file")),
    Case("checksums: empty", listed(""), says(CHECKSUMS, "cannot be read")),
    Case("checksums: half", listed('{"a": "00'), says(CHECKSUMS, "cannot be read")),
    Case("checksums: too deep", listed("[" * 100_000), says(CHECKSUMS, "cannot be read")),
    Case("checksums: a list", listed([1]), says("no JSON object")),
    Case("checksums: of nothing", listed({}), says("no JSON object")),
    Case("checksums: a number", listed({"a": 1}), says("that of 'a' is 1")),
    Case("checksums: too short", listed({"a": "00"}), says("that of 'a' is '00'")),
    Case("checksums: of the folder above", listed({"../x": SUM}), says("'../x' is no path")),
    Case("checksums: of the root", listed({"/etc/passwd": SUM}), says("'/etc/passwd' is no path")),
    Case("checksums: of no text", listed('{"\\ud800": "%s"}' % SUM), says("is no path")),
    Case(
        "checksums: a long number",
        listed('{"a": %s}' % ("9" * 4200)),
        says("that of 'a' is a whole number of about"),
    ),
    Case("checksums: longer", listed('{"a": %s}' % ("9" * 5000)), says("cannot be read")),
    Case("checksums: long name", listed({"a" * 5000: SUM}), says("cannot be read")),
    Case("checksums: of no name", listed({"": SUM}), says("'' is no path")),
    Case("checksums: a folder", as_folder(CHECKSUMS), says(CHECKSUMS, "cannot be read")),
    Case("the meta changed", lambda f: (f / "meta.json").write_text("x"), says("meta.json has")),
    Case("in a package", package, Gives([])),
    Case("in another's package", package_of_another, says("meta.json has other bytes")),
]


@pytest.mark.parametrize("case", FOLDERS, ids=name_of)
def test_checksums(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "package" / "folder"
    (folder / "b").mkdir(parents=True)
    for name in ("a", "b/c", "meta.json"):
        (folder / name).write_text(name)
    write_checksums(folder)

    def run(change: Change) -> List[str]:
        change(folder)
        return damaged_files(folder)

    check(case, run)


def content(text: str) -> Change:
    return lambda folder: (folder / "file").write_text(text)


def of_kill(folder: Path, text: str, is_whole: bool) -> None:
    """What a process leaves that is killed while it writes, or after."""
    folder.mkdir()
    (folder / "file").write_text(text)
    (folder / MARK).touch()
    if is_whole:
        write_checksums(folder)


def linked(path: Path) -> None:
    path.with_name("elsewhere").mkdir()
    path.symlink_to("elsewhere")


def between_the_renames(path: Path) -> None:
    of_kill(path.with_name("out.new"), "new", is_whole=True)
    of_kill(path.with_name("out.old"), "old", is_whole=True)


def theirs(end: str) -> Change:
    def change(path: Path) -> None:
        theirs = path.with_name(path.name + end)
        theirs.mkdir()
        (theirs / "file").write_text("theirs")
        write_checksums(theirs)

    return change


def theirs_empty(path: Path) -> None:
    path.with_name("out.new").mkdir()
    path.with_name("out.old").mkdir()
    old_one(path)


def old_one(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("before")
    (path / "stale").write_text("of another pipeline")


def names(path: Path) -> List[str]:
    return sorted(each.name for each in path.parent.iterdir())


IN_PLACE = [
    Case("nothing there", lambda path: None, Gives(["out"])),
    Case("an empty folder", lambda path: path.mkdir(), Gives(["out"])),
    Case("an old one", old_one, Gives(["out"])),
    Case("a link to a folder", linked, Gives(["elsewhere", "out"])),
    Case("a link to nothing", lambda path: path.symlink_to("x"), Gives(["out", "x"])),
    Case("half of a kill", lambda p: of_kill(p.with_name("out.new"), "x", False), Gives(["out"])),
    Case("all of a kill", lambda p: of_kill(p.with_name("out.new"), "x", True), Gives(["out"])),
    Case("killed between renames", between_the_renames, Gives(["out"])),
    Case("theirs called .old", theirs(".old"), Gives(["out", "out.old"])),
    Case("theirs called .new", theirs(".new"), Gives(["out", "out.new"])),
    Case("theirs, and empty", theirs_empty, Gives(["out", "out.new", "out.old"])),
    Case("a file", lambda path: path.write_text(""), Refused("out", "it is a file")),
    Case("a link to itself", lambda p: p.symlink_to(p), Refused("out cannot be written", "loop")),
    Case(
        "the current directory",
        lambda p: [old_one(p), os.chdir(p)],
        Refused("current directory", "Go elsewhere", "as it was"),
    ),
    Case(
        "above the current directory",
        lambda p: [old_one(p), (p / "in").mkdir(), os.chdir(p / "in")],
        Refused("current directory", "Go elsewhere", "as it was"),
    ),
    Case("a link to a file", lambda p: p.symlink_to("/etc/hostname"), Refused("it is a file")),
]


@pytest.mark.parametrize("case", IN_PLACE, ids=name_of)
def test_in_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "here" / "out"
    path.parent.mkdir()

    def run(change: Change) -> List[str]:
        change(path)
        is_link = path.is_symlink()
        write_in_place(content("now"), path)
        assert path.is_symlink() == is_link
        assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file"]
        assert (path / "file").read_text() == "now"
        assert not damaged_files(path)
        for other in path.parent.glob("out.*"):
            assert all(file.read_text() == "theirs" for file in other.glob("file"))
        return names(path)

    if isinstance(case.answer, Refused):
        case.answer.error = WriteError
    check(case, run)


def test_parents_are_made(tmp_path: Path) -> None:
    write_in_place(content("now"), tmp_path / "a" / "b" / "out")
    assert (tmp_path / "a/b/out/file").read_text() == "now"


def failing(number: int, where: str) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number), where)

    return fail


FAULTS = [
    Case(
        "the disk is full",
        (errno.ENOSPC, os, "fsync"),
        Refused("out", "No space left", "as it was"),
    ),
    Case("no permission", (errno.EACCES, Path, "mkdir"), Refused("out", "Permission denied")),
    Case("read-only", (errno.EROFS, Path, "mkdir"), Refused("out", "Read-only file system")),
    Case("no rename", (errno.EBUSY, Path, "rename"), Refused("out", "busy", "as it was")),
]


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
@pytest.mark.parametrize("is_there", [True, False])
def test_what_cannot_be_written(
    case: Case, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    if is_there:
        old_one(path)

    def run(fault: Any) -> None:
        number, owner, name = fault
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing(number, "somewhere"))
            write_in_place(content("now"), path)

    case.answer.error = WriteError
    check(case, run)
    assert names(path) == (["out"] if is_there else [])
    if is_there:
        assert sorted(each.name for each in path.iterdir()) == ["file", "stale"]
        assert (path / "file").read_text() == "before"


def test_second_rename_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that was moved away gets its name again."""
    path = tmp_path / "out"
    old_one(path)
    rename = Path.rename

    def second(self: Path, target: Path) -> Path:
        if self.name == "out.new":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second)
    with pytest.raises(WriteError, match="Input/output error"):
        write_in_place(content("now"), path)
    assert names(path) == ["out"]
    assert sorted(each.name for each in path.iterdir()) == ["file", "stale"]


def test_both_renames_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told where that is which was there; and the next time it is there again."""
    path = tmp_path / "out"
    old_one(path)
    write_checksums(path)
    rename = Path.rename

    def first(self: Path, target: Path) -> Path:
        if self != path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", first)
        with pytest.raises(WriteError, match=r"What was there before is \S*out.old now"):
            write_in_place(content("now"), path)
    assert names(path) == ["out.old"]
    assert put_back(path)
    assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file", "stale"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_fails_once_it_is_there(
    number: int, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there: the folder around it that is not brought to the disk is no error."""
    path = tmp_path / "here" / "out"
    path.parent.mkdir()
    if is_there:
        old_one(path)
    inode, fsync, unlink = path.parent.stat().st_ino, os.fsync, Path.unlink

    def fail_there(file: int) -> None:
        if os.fstat(file).st_ino == inode:
            raise OSError(number, os.strerror(number))
        fsync(file)

    def unlink_others(self: Path, missing_ok: bool = False) -> None:
        if self == path / MARK:
            raise OSError(number, os.strerror(number))
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_there)
        patch.setattr(Path, "unlink", unlink_others)
        write_in_place(content("now"), path)
    assert names(path) == ["out"]
    assert (path / "file").read_text() == "now"
    # The mark is in nobody's way.
    write_in_place(content("later"), path)
    assert sorted(each.name for each in path.iterdir()) == [CHECKSUMS, "file"]


def test_folders_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems bring files to the disk only."""
    fsync = os.fsync

    def files_only(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(file)

    monkeypatch.setattr(os, "fsync", files_only)
    write_in_place(content("now"), tmp_path / "out")
    assert not damaged_files(tmp_path / "out")


def test_two_writers(tmp_path: Path) -> None:
    """The second is told, and takes nothing from the first."""
    path = tmp_path / "out"

    def write(folder: Path) -> None:
        (folder / "file").write_text("first")
        with pytest.raises(WriteError, match="another process is writing it just now.*out.new"):
            write_in_place(content("second"), path)
        remove_left(tmp_path, "out")
        assert not put_back(path)

    write_in_place(write, path)
    assert names(path) == ["out"]
    assert (path / "file").read_text() == "first"


def test_what_is_left_and_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another name is taken."""
    of_kill(tmp_path / "out.new", "x", is_whole=False)
    rmtree = shutil.rmtree

    def others(path: Path, *args: Any, **kwargs: Any) -> None:
        if Path(path).name == "out.new":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rmtree(path, *args, **kwargs)

    monkeypatch.setattr(shutil, "rmtree", others)
    write_in_place(content("now"), tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "now"


def test_a_current_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()
    write_in_place(content("now"), tmp_path / "out")
    write_in_place(content("later"), tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "later"


def test_a_mount_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(tmp_path / "out"))
    old_one(tmp_path / "out")
    with pytest.raises(WriteError, match="another disk is mounted there.*Name a folder in it"):
        write_in_place(content("now"), tmp_path / "out")


def test_a_kill_while_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is half removed is known, whatever of it is left; and what is others' stays."""
    old_one(tmp_path / "out-1")
    old_one(tmp_path / "out-2.old")

    def kill(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", kill)
        with pytest.raises(KeyboardInterrupt):
            remove(tmp_path / "out-1")
    assert names(tmp_path / "out-1") == ["out-1.old", "out-2.old"]
    remove_left(tmp_path, "out-")
    assert names(tmp_path / "out-1") == ["out-2.old"]


def test_another_error_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_in_place(write, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_whole", [True, False])
def test_put_back(tmp_path: Path, is_whole: bool) -> None:
    """The new one, if it is whole; else that before."""
    path = tmp_path / "out"
    of_kill(tmp_path / "out.new", "new", is_whole)
    of_kill(tmp_path / "out.old", "old", is_whole=True)
    assert put_back(path)
    assert not put_back(path)
    assert (path / "file").read_text() == ("new" if is_whole else "old")
    assert not (path / MARK).exists()


def test_best_pipeline_after_a_kill_between_renames(output: Path) -> None:
    before = spacy.load(output / "model-best")
    for name in ("model-best", "model-best-ner"):
        (output / name / MARK).touch()
        (output / name).rename(output / f"{name}.new")
    resume(output)
    assert_same(before, spacy.load(output / "model-best"))
    assert (output / "model-best-ner").is_dir()
    assert not list(output.glob("*.new"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"performance": 3}'])
def test_best_of_a_task_that_is_damaged(output: Path, text: str) -> None:
    """Its score decides what is better: without one, the best might be written over."""
    (output / "model-best-ner" / "meta.json").write_text(text)
    log_step, _ = create_best_by_task()(spacy.load(output / "model-best"), io.StringIO())
    info: Any = {"output_path": str(output / "model-last"), "step": 3, "other_scores": {}}
    with pytest.raises(ValueError, match="model-best-ner/meta.json cannot be read.*Remove the fol"):
        log_step(info)
