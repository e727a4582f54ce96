"""Valid and invalid custom code for the commands."""

CODE = '''
import os
import spacy

@spacy.registry.batchers("none.v1")
def none():
    return lambda examples: iter(())

@spacy.registry.batchers("empty.v1")
def empty():
    return lambda examples: ([] for _ in examples)

@spacy.registry.batchers("empty_for_ever.v1")
def empty_for_ever():
    def batcher(examples):
        while True:
            yield []
    return batcher

@spacy.registry.batchers("first_empty.v1")
def first_empty():
    def batcher(examples):
        yield []
        yield list(examples)
    return batcher

@spacy.registry.batchers("mistake.v1")
def mistake():
    def batcher(examples):
        return 1 + "a"
    return batcher

@spacy.registry.batchers("refuses.v1")
def refuses():
    def batcher(examples):
        raise ValueError("I want no examples")
    return batcher

@spacy.registry.readers("fails_later.v1")
def fails_later():
    def reader(nlp):
        raise LookupError("no such thing")
    return reader

@spacy.registry.readers("nothing_later.v1")
def nothing_later():
    """Texts for initialization, and then none."""
    from spacy.training import Corpus
    def reader(nlp):
        if "INITIALIZED" not in os.environ:
            yield from Corpus("corpus.spacy")(nlp)
    return reader

@spacy.registry.readers("wordless.v1")
def wordless():
    from spacy.tokens import Doc
    from spacy.training import Corpus, Example
    def reader(nlp):
        if "INITIALIZED" not in os.environ:
            yield from Corpus("corpus.spacy")(nlp)
        else:
            yield Example(Doc(nlp.vocab), Doc(nlp.vocab))
    return reader

@spacy.registry.readers("endless.v1")
def endless():
    from spacy.training import Corpus
    def reader(nlp):
        while True:
            yield from Corpus("corpus.spacy")(nlp)
    return reader
'''
