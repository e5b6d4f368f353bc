"""The grammar of open values, as context.proto states it: every common JSON parser reads a value
that keeps it, to the digit."""

import json
import math
import re

from . import fail

VALUE_DEPTH_MAX = 100
PAYLOAD_DEPTH_MAX = 120
NUMBER_CHARS_MAX = 400
DOUBLE_DIGITS_MAX = 17
DOUBLE_DIGITS_SAFE = 15
NORMAL_MIN = 2.2250738585072014e-308

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[\[\]{}]', re.DOTALL)
_UNIT = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def check_open_value(path: str, text: str, depth_max: int = VALUE_DEPTH_MAX) -> None:
    """Refuses a text that is not an open value, and says nothing of what it holds."""
    flaw = _flaw(text, depth_max)
    if flaw:
        raise fail.invalid_field(path, flaw)


def is_open_value(text: str) -> bool:
    """Whether a text keeps the grammar."""
    return _flaw(text, VALUE_DEPTH_MAX) is None


def _flaw(text: str, depth_max: int) -> str | None:
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token.group()[0]
        flaw = None
        if first == '"':
            flaw = _string_flaw(token.group())
        elif first in "[{":
            depth += 1
            if depth > depth_max:
                return f"nests deeper than {depth_max} levels; send a flatter value"
        elif first in "]}":
            depth -= 1
        else:
            flaw = _number_flaw(token.group())
        if flaw:
            return flaw
    try:
        # Numbers were looked at: there is no need to make them.
        json.loads(text, parse_constant=_no_constant, parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        return "is not one JSON value; send one, such as {} or null"
    return None


def _string_flaw(token: str) -> str | None:
    if "\\u" not in token:
        return None
    expects_low_at = -1
    for unit in _UNIT.finditer(token):
        digits = unit.group(1)
        number = int(digits, 16) if digits else 0
        is_high, is_low = 0xD800 <= number < 0xDC00, 0xDC00 <= number < 0xE000
        if expects_low_at >= 0 and (not is_low or unit.start() != expects_low_at) or is_low and expects_low_at < 0:
            return "holds half of a surrogate pair; send whole characters"
        expects_low_at = unit.end() if is_high else -1
    return "holds half of a surrogate pair; send whole characters" if expects_low_at >= 0 else None


def _number_flaw(number: str) -> str | None:
    if not any(letter in ".eE" for letter in number):
        # Longer ones are outside, and slow to convert.
        try:
            is_kept = len(number) <= 20 and -(2**63) <= int(number) < 2**64
        except ValueError:
            return None  # It is no JSON, and is refused for that.
        if not is_kept:
            return "holds an integer outside -2^63 to 2^64-1; send it as a string"
        return None
    if len(number) > NUMBER_CHARS_MAX:
        return f"holds a number of more than {NUMBER_CHARS_MAX} characters; send it as a string"
    if not _kept_by_double(number):
        return "holds a number that a double cannot keep to the digit; send it as a string"
    return None


def _kept_by_double(number: str) -> bool:
    mantissa = re.split("[eE]", number)[0]
    digits = "".join(filter(str.isdigit, mantissa)).strip("0")
    try:
        double = abs(float(number))
    except ValueError:
        return True  # It is no JSON, and is refused for that.
    if not digits:
        return True
    if math.isinf(double) or double == 0 or len(digits) > DOUBLE_DIGITS_MAX:
        return False
    if len(digits) <= DOUBLE_DIGITS_SAFE and double >= NORMAL_MIN:
        return True
    return f"{double:.{len(digits) - 1}e}".split("e")[0].replace(".", "") == digits
