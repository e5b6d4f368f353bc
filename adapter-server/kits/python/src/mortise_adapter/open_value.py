"""The grammar of open values, as context.proto states it: every common JSON parser reads a
value that keeps it, to the digit."""

from __future__ import annotations

import json
import math
import re

from mortise_adapter import fail

VALUE_DEPTH_MAX = 100
PAYLOAD_DEPTH_MAX = 120

_NUMBER_CHARS_MAX = 400
_DOUBLE_DIGITS_MAX = 17
# As many digits are kept whatever they are.
_DOUBLE_DIGITS_SAFE = 15
# Below it a double has fewer digits.
_NORMAL_MIN = 2.2250738585072014e-308
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**64 - 1
# A sign and the digits of the largest integer.
_INTEGER_CHARS_MAX = 21

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


class _FlawError(Exception):
    pass


def _integer(text: str) -> int:
    number = int(text) if len(text) <= _INTEGER_CHARS_MAX else None
    if number is None or not _INTEGER_MIN <= number <= _INTEGER_MAX:
        raise _FlawError("holds an integer outside -2^63 to 2^64-1; send it as a string")
    return number


def _double(text: str) -> float:
    if len(text) > _NUMBER_CHARS_MAX:
        raise _FlawError(f"holds a number of more than {_NUMBER_CHARS_MAX} characters; send it as a string")
    number = float(text)
    if not _keeps(number, text):
        raise _FlawError("holds a number that a double cannot keep to the digit; send it as a string")
    return number


def _keeps(number: float, text: str) -> bool:
    """Whether a double keeps every significant digit of a number."""
    mantissa = text.lower().partition("e")[0]
    digits = mantissa.replace("-", "").replace(".", "").strip("0")
    if not digits:
        return True
    size = abs(number)
    if math.isinf(size) or size == 0 or len(digits) > _DOUBLE_DIGITS_MAX:
        return False
    if len(digits) <= _DOUBLE_DIGITS_SAFE and size >= _NORMAL_MIN:
        return True
    return f"{size:.{len(digits) - 1}e}".partition("e")[0].replace(".", "") == digits


def _constant(text: str) -> object:
    raise ValueError(text)


_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_double, parse_constant=_constant)


def parse(path: str, text: str, depth_max: int = VALUE_DEPTH_MAX) -> object:
    """The value that a text is. Raises INVALID_FIELD, which says nothing of what the text
    holds, if it is no open value."""
    _check_depth(path, text, depth_max)
    try:
        value: object = _decoder.decode(text)
    except _FlawError as flaw:
        raise fail.invalid_field(path, str(flaw)) from None
    except (ValueError, RecursionError):
        raise fail.invalid_field(path, "is not one JSON value; send one, such as {} or null") from None
    if _SURROGATE.search(text) and _has_half_pair(text):
        raise fail.invalid_field(path, "holds half of a surrogate pair; send whole characters")
    return value


def is_open_value(text: str, depth_max: int = VALUE_DEPTH_MAX) -> bool:
    """Whether a text keeps the grammar of open values."""
    try:
        parse("", text, depth_max)
    except fail.Failure:
        return False
    return True


def shown(value: object) -> str:
    """The text of a value that `parse` has read; it says the same to the digit."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check_depth(path: str, text: str, depth_max: int) -> None:
    if text.count("{") + text.count("[") <= depth_max:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        letter = text[token.start()]
        if letter in "{[":
            depth += 1
            if depth > depth_max:
                raise fail.invalid_field(path, f"nests deeper than {depth_max} levels; send a flatter value")
        elif letter in "}]":
            depth -= 1


def _has_half_pair(text: str) -> bool:
    end_of_high = -1
    for escape in _ESCAPE.finditer(text):
        unit = int(escape[1], 16) if escape[1] else 0
        follows = end_of_high == escape.start()
        if end_of_high >= 0 and not (follows and 0xDC00 <= unit < 0xE000):
            return True
        if 0xDC00 <= unit < 0xE000 and not follows:
            return True
        end_of_high = escape.end() if 0xD800 <= unit < 0xDC00 else -1
    return end_of_high >= 0
