"""Code of `spacy apply`: predictions that are the same to the last bit in every process.

Which library computes linear layers is found out by a trial otherwise, and another may be faster
in another process.
"""

import os

os.environ["SPACY_MTL_LINEAR"] = "torch"
