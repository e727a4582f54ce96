"""Data-parallel training: what several processes that train one pipeline have to agree on."""
