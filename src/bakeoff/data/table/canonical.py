"""The one canonical form of a category, a class or a group: the same from text and Parquet, at fit and at inference.

The rule, for a single value:

- Missing is None, NaN, NaT, an empty text, and a text that is listed as missing once it is trimmed.
- Text loses characters without width (`INVISIBLE`), is trimmed of white space (`WHITESPACE`) and brought to the Unicode
  normal form C. Its case stays as it is.
- A bool, and a text that is `true` or `false` in any case, is `true` or `false`.
- A integer is its digits: 7, 7.0, and the int64, uint64, float64 or decimal of that value are all `7`. Another
  float is the shortest text that gives it back (1.5, 1e-07), for a float32 or a float16 the shortest that gives back
  the float32. A decimal has no zeros at the end of its fraction.
- A date, and a moment without a zone at midnight, is `2024-01-31`; another moment `2024-01-31 06:00:00`, with its
  fraction of a second to the microsecond if it has one. A moment with a zone or an offset is told in UTC and ends
  with Z, also at midnight: `2024-01-31 05:00:00Z`. A text that is such a moment (years 1000 to 2999, hours and minutes
  at least) is told likewise; a text of another form of date stays as it is.
- A time of day is `06:00:00`.

And for a text in a column whose values are all numbers (`number` below): 7.0, 7.00, +7 and 7 are all `7`, and 1.50 is
`1.5`; no digit is lost. A text is a number here if it has the form of `NUMBER`: digits with an optional sign, and a
fraction behind the file's decimal mark. Leading zeros (007), thousands marks and exponents (1e3, which may be an
identifier) are not of this form. If a column has one such value, all its texts stay as they are: there 007, 7 and 7.0
are three values. Whether a column is all numbers is decided once, over the whole training table, and stored in
`Reading.numbers`. A column of numbers in Parquet counts as one.
"""

import datetime
import math
import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal
from numbers import Integral, Real

import numpy as np
import pandas as pd

# What Unicode counts as white space, and the byte-order mark.
WHITESPACE = (
    "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# The soft hyphen, the space and the joiner without width, the byte-order mark, and the marks and brackets of writing
# directions: nobody sees them, and pages, PDFs and spreadsheets leave them in copied text. U+200C and U+200D, without
# width too, stay: they are part of words and of emoji.
INVISIBLE = "\u00ad\u200b\u2060\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
WITHOUT_WIDTH = str.maketrans("", "", INVISIBLE)
FEW = 4  # characters of white space that are looked for one by one
NUMBER = r"[+-]?(0|[1-9][0-9]*)({decimal}[0-9]+)?"
MOMENT = r"([12][0-9]{3}-[01][0-9]-[0-3][0-9])[ T](([01][0-9]|2[0-3]):[0-5][0-9])(:[0-5][0-9](\.[0-9]{1,9})?)?"
OFFSET = r" ?(Z|UTC|([+-](0[0-9]|1[0-4])):?([0-5][0-9])?)"
WHOLE = 9.0e18  # floats below this in size, if they are whole, are integers of 64 bits

# DuckDB's types whose texts are canonical. FLOAT is not here: DuckDB's text of it is not the shortest.
TOLD_AS_THEY_ARE = (
    *("BOOLEAN", "DATE", "TIME", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)


def canonical(value: object, *, number: bool, missing: Collection[str], decimal: str = ".") -> str | None:
    """Return the canonical form of a value, or None if it is missing.

    Args:
        number: whether the value's column is all numbers.
        missing: texts that stand for a missing value.
        decimal: the mark that a text has before its fraction.

    Raises:
        TypeError: the value is of another type, for example bytes or a list.
    """
    if isinstance(value, str):
        return of_text(value, number, missing, decimal)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return None if value.is_nan() else without_zeros(f"{value:f}")
    if isinstance(value, np.float16 | np.float32):
        value = float(str(np.float32(value)))
    if isinstance(value, Real):
        return of_float(float(value))
    return of_time(value)


def visible(text: str) -> str:
    """Return a text without invisible characters, trimmed of white space."""
    return text.translate(WITHOUT_WIDTH).strip(WHITESPACE)


def of_text(value: str, number: bool, missing: Collection[str], decimal: str) -> str | None:
    text = unicodedata.normalize("NFC", visible(value))
    if not text or text in missing:
        return None
    if text.lower() in ("true", "false"):
        return text.lower()
    if number and re.fullmatch(NUMBER.format(decimal=re.escape(decimal)), text):
        return without_zeros(text.replace(decimal, "."))
    if parts := re.fullmatch(f"{MOMENT}({OFFSET})?", text):
        try:
            found = datetime.datetime.fromisoformat(f"{parts[1]} {parts[2]}{parts[4] or ':00'}")
        except ValueError:  # 30 February
            return text
        if parts[6]:
            hours, minutes = int(parts[8] or 0), int(parts[10] or 0)
            shift = datetime.timedelta(hours=hours, minutes=-minutes if (parts[8] or "").startswith("-") else minutes)
            found = (found - shift).replace(tzinfo=datetime.UTC)
        return of_moment(found)
    return text


def of_float(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if abs(value) < WHOLE and value.is_integer() else repr(value)


def of_time(value: object) -> str | None:
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime.datetime):
        return of_moment(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time) and value.tzinfo is None:
        return fraction_cut(value.isoformat())
    raise TypeError(f"a category is text, a number, a bool, a date or a time, and this is a {type(value).__name__}")


def of_moment(moment: datetime.datetime) -> str:
    if moment.tzinfo is not None:
        return fraction_cut(moment.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(" ")) + "Z"
    return fraction_cut(moment.isoformat(" ")).removesuffix(" 00:00:00")


def fraction_cut(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_zeros(text: str) -> str:
    """Return a number without a plus, without zeros at the end of its fraction, and without the sign of zero."""
    digits = fraction_cut(text).removeprefix("+")
    return "0" if digits == "-0" else digits


def expression(column: str, kind: str, *, number: bool, decimal: str = ".") -> str:
    """Return `canonical` as an SQL expression for a column of DuckDB, whose session is in UTC.

    Args:
        column: as SQL names it; a text comes out of `trimmed`, which knows what is missing.
        kind: DuckDB's name of its type.

    Raises:
        TypeError: DuckDB's type is another, for example BLOB or FLOAT (cast that to text and DOUBLE in Arrow).
    """
    if kind == "VARCHAR":
        return text_expression(column, number, decimal)
    if kind == "DOUBLE":
        whole = f"WHEN abs({column}) < {WHOLE!r} AND {column} = trunc({column}) THEN {column}::BIGINT::VARCHAR"
        return f"CASE WHEN isnan({column}) THEN NULL {whole} ELSE {column}::VARCHAR END"
    if kind.startswith("DECIMAL"):
        return zeros_cut(f"{column}::VARCHAR")
    if kind in TOLD_AS_THEY_ARE:
        return f"{column}::VARCHAR"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({column} AT TIME ZONE 'UTC')::VARCHAR || 'Z'"
    if kind.startswith("TIMESTAMP"):
        return without_midnight(f"{column}::TIMESTAMP")
    raise TypeError(f"a category is text, a number, a bool, a date or a time, and this is a {kind}")


def text_expression(column: str, number: bool, decimal: str) -> str:
    truth = f"WHEN lower({column}) IN ('true', 'false') THEN lower({column})"
    digits = zeros_cut(f"replace({column}, {quote(decimal)}, '.')")
    figure = f"WHEN {is_number(column, decimal)} THEN {digits}" if number else ""
    looks = f"WHEN {column}[5] = '-' AND regexp_full_match({column}, "  # the cheap test first
    naive = without_midnight(f"try_cast({column} AS TIMESTAMP)")
    aware = f"{in_utc(column)}::VARCHAR || 'Z'"
    return (
        f"CASE {truth} {figure} {looks}{quote(MOMENT)}) THEN coalesce({naive}, {column}) "
        f"{looks}{quote(MOMENT + OFFSET)}) THEN coalesce({aware}, {column}) ELSE {column} END"
    )


def in_utc(text: str) -> str:
    """Return an SQL expression of a text `MOMENT` with an `OFFSET` as a timestamp in UTC, NULL for 30 February."""
    local = f"try_cast(regexp_replace({text}, {quote(f'{OFFSET}$')}, '') AS TIMESTAMP)"
    sign, hours, minutes = (
        f"regexp_extract({text}, '([+-])([0-9]{{2}}):?([0-9]{{2}})?$', {group})" for group in (1, 2, 3)
    )
    amount = f"coalesce(try_cast({hours} AS INTEGER), 0) * 60 + coalesce(try_cast({minutes} AS INTEGER), 0)"
    return f"({local} + to_minutes(if({sign} = '-', 1, -1) * ({amount})))"


def without_midnight(moment: str) -> str:
    return f"regexp_replace(({moment})::VARCHAR, ' 00:00:00$', '')"


def trimmed(column: str, missing: Collection[str], marks: Collection[str] = WHITESPACE + INVISIBLE) -> str:
    """Return an SQL expression of a text, trimmed and in normal form C, NULL where it is missing.

    Args:
        marks: the characters of `WHITESPACE` and `INVISIBLE` that its table has.
    """
    if hidden := "".join(mark for mark in INVISIBLE if mark in marks):
        column = f"translate({column}, {quote(hidden)}, '')"
    spaces = [mark for mark in marks if mark not in INVISIBLE]
    # To trim all these characters takes ten times as long as to see that the first and the last are no white space,
    # and that takes three times as long as to see that a text has none of a few characters.
    printed = " AND ".join(f"ascii({end}) BETWEEN 33 AND 126" for end in (column, f"right({column}, 1)"))
    spaced = " OR ".join(f"contains({column}, {quote(mark)})" for mark in spaces) if len(spaces) <= FEW else "true"
    padded = f"({spaced or 'false'}) AND NOT ({printed})"
    text = f"nfc_normalize(CASE WHEN {padded} THEN trim({column}, {quote(WHITESPACE)}) ELSE {column} END)"
    listed = ", ".join(map(quote, ("", *missing)))
    return f"CASE WHEN {text} IN ({listed}) THEN NULL ELSE {text} END"


def is_number(text: str, decimal: str = ".") -> str:
    """Return an SQL condition: a trimmed text has the form of `NUMBER`."""
    return f"regexp_full_match({text}, {quote(NUMBER.format(decimal=re.escape(decimal)))})"


def zeros_cut(text: str) -> str:
    """Return `without_zeros` as an SQL expression."""
    cut = f"ltrim(if(contains({text}, '.'), rtrim(rtrim({text}, '0'), '.'), {text}), '+')"
    return f"if({cut} = '-0', '0', {cut})"


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
