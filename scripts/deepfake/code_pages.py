"""The code page of text that doesn't declare one: names in a zip, a table that a spreadsheet saved.

Korean, Japanese and Chinese are told apart by how many of their characters are in the older, smaller
character set of the language, which has the common ones. That needs a word or two; charset-normalizer needs
sentences, and is asked about single-byte code pages only.
"""

from collections.abc import Sequence

SAMPLE = 1 << 16  # bytes of a text that are looked at
ENOUGH = 0.9  # share of common characters
COMMON_SETS = {"cp949": "euc_kr", "cp932": "shift_jis", "gb18030": "gb2312", "big5": "big5"}
LEVEL_1 = {"cp949": (0xB0, 0xC8), "cp932": (0x88, 0x97), "gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}
"""First and last lead byte of the common letters: Hangul syllables, and ideographs of level 1."""
KANA = ("\u3041", "\u30fe")


def guess_code_page(data: bytes, single_byte: Sequence[str]) -> str:
    """Return the likeliest code page of text: cp949, cp932, gb18030, big5, or one of `single_byte`.

    The last of `single_byte` is taken where nothing speaks for another; it is to be one that has all bytes.
    """
    shares = {page: _share_of_common(data[:SAMPLE], page) for page in COMMON_SETS}
    likeliest = max(shares, key=shares.get)
    if shares[likeliest] >= ENOUGH:
        return likeliest
    # Imported here because the Snakefile imports this module in environments without it.
    from charset_normalizer import from_bytes

    best = from_bytes(data[:SAMPLE], cp_isolation=list(single_byte)).best()
    return best.encoding if best and best.encoding in single_byte else single_byte[-1]


def _share_of_common(data: bytes, page: str) -> float:
    """Return the share of common letters among the characters outside ASCII; 0 if the bytes don't fit."""
    try:
        characters = [c for c in data.decode(page) if not c.isascii()]
    except UnicodeDecodeError as error:
        if error.start < SAMPLE - 8:
            return 0.0
        characters = [c for c in data[: error.start].decode(page) if not c.isascii()]
    return sum(_is_common(c, page) for c in characters) / max(len(characters), 1)


def _is_common(character: str, page: str) -> bool:
    if page == "cp932" and KANA[0] <= character <= KANA[1]:
        return True
    try:
        code = character.encode(COMMON_SETS[page])
    except UnicodeEncodeError:
        return False
    low, high = LEVEL_1[page]
    return len(code) == 2 and low <= code[0] <= high
