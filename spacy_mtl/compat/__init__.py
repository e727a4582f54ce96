"""Every reach into private parts of other libraries: one file a library.

What is used here is no interface: it may move with any release. Each function says what it
reaches for and why there is no public way, and `tests/compat` has a test of each such part, which
fails when it has moved. Nothing here knows the rest of the package.
"""
