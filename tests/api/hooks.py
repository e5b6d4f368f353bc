"""What JSON Schema cannot say of a request: open values have the numbers that every JSON
parser reads alike (docs/host-errors.md), and an integer is written as one."""

import schemathesis

INTEGERS = range(-(2**63), 2**64)


@schemathesis.hook
def filter_body(context, body) -> bool:
    return has_plain_numbers(body)


def has_plain_numbers(value) -> bool:
    match value:
        case bool():
            return True
        case int():
            return value in INTEGERS
        case float():
            return not value.is_integer()
        case dict():
            return all(has_plain_numbers(each) for each in value.values())
        case list():
            return all(has_plain_numbers(each) for each in value)
        case _:
            return True
