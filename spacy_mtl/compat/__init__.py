"""All uses of private parts of other libraries, one file per library.

These parts aren't an interface and may change with any release. Each function says what it uses
and why there is no public way, and `tests/compat` has a test for each part, which fails when it
changes. Nothing here imports the rest of the package.
"""
