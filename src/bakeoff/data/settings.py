"""Kinds of values that the sections of `data` in params.yaml share; each section stands beside the code it controls."""

import codecs
from typing import Annotated

from pydantic import Field

# The name of each that codecs.lookup gives. All turn bytes to text and back, a text of many lines included.
from bakeoff.base.values import DISTINCT

ENCODINGS = """
    ascii utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be
    iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11
    iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
    cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp1125
    cp1006 koi8-r koi8-t koi8-u kz1048 ptcp154 hp-roman8 tis-620
    mac-roman mac-latin2 mac-cyrillic mac-greek mac-iceland mac-turkish mac-croatian mac-romanian mac-farsi mac-arabic
    gb2312 gbk gb18030 hz big5 big5hkscs cp950 cp949 johab euc_kr iso2022_kr
    shift_jis shift_jisx0213 shift_jis_2004 cp932 euc_jp euc_jisx0213 euc_jis_2004
    iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext
    """
TEXT_ENCODINGS = frozenset(ENCODINGS.split())


def text_encoding(name: str) -> str:
    """Return the name, which is that of an encoding in which people keep text files.

    Raises:
        ValueError: Python knows no such encoding, or it is none of whole text files: idna, punycode, utf-7, rot13, …
    """
    try:
        known = codecs.lookup(name).name in TEXT_ENCODINGS
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ValueError(f"{name!r} is no encoding of text files; name one, like utf-8, utf-16, latin-1 or cp1252")
    return name


Columns = Annotated[tuple[str, ...], Field(strict=False), DISTINCT]
