"""The names of a zip's members as its author saw them: code pages without a declaration, and backslashes.

A zip declares a name to be UTF-8 by a flag, or has it in a field of its own. Many do neither: Windows writes
names in the code page of its language (949 for Korean, 932 for Japanese), macOS UTF-8 without the flag.
"""

import re
import struct
import zipfile
import zlib

from deepfake.code_pages import guess_code_page

UTF8_FLAG = 0x800
UNICODE_PATH = 0x7075  # the extra field with a name in UTF-8 (APPNOTE.TXT, section 4.6.9)
SINGLE_BYTE = ("cp866", "cp850", "cp437")
"""Russian, Western European, and the code page that the specification asks for."""


def decode_names(file: zipfile.ZipFile) -> str:
    """Set `filename` of all members; return the code page that was guessed for some of them, "" if none.

    UTF-8 is taken where names are valid in it. All names that are neither declared nor UTF-8 are taken for
    one code page, the likeliest. Backslashes, which .NET writes between folders, become slashes.
    `orig_filename`, by which zipfile compares a member with its own header, stays.
    """
    unknown = []
    for info in file.infolist():
        if not info.filename.isascii() and not info.flag_bits & UTF8_FLAG:
            known = _declared_name(info) or _as_utf8(info)
            if known:
                info.filename = known
            else:
                unknown.append(info)
    joined = b"\n".join(info.filename.encode("cp437") for info in unknown)
    page = guess_code_page(joined, SINGLE_BYTE) if unknown else ""
    for info in unknown:
        info.filename = info.filename.encode("cp437").decode(page, "replace")
    for info in file.infolist():
        if "\\" in info.filename:
            info.filename = info.filename.replace("\\", "/")
    return page


def _as_utf8(info: zipfile.ZipInfo) -> str:
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return ""


def _declared_name(info: zipfile.ZipInfo) -> str:
    """Return the name in a member's extra field, which is valid as long as it has the other name's CRC-32."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(data) > 5:
            version, crc = struct.unpack_from("<BI", data)
            if version == 1 and crc == zlib.crc32(info.orig_filename.encode("cp437", "replace")):
                return re.sub("\0.*", "", data[5:].decode("utf-8", "replace"), flags=re.DOTALL)
    return ""
