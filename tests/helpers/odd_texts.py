"""Texts that are hard to split into wordpieces."""

TEXTS = [
    "Anna doesn't book a room in Berlin.",
    "",
    "two  spaces \n and\ttabs ",
    "naïve café, e\u0301te\u0301 😀 emoji 👩‍👩‍👧 日本語 kana",
    " ",
    "x" * 40,
]


ODD = ["😀 kun unk a", "日本 nu", "a k日u  k aé日"]
