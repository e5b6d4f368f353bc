"""The errors of the contract: one function per reason, each with its gRPC code. What
happened and what the caller does stands in docs/errors.md.

The text crosses the wire and is shown to people and models: it must hold no secret.

    raise fail.store("the key is too long").not_applied()
"""

from mortise_adapter.fail.failure import DOMAIN as DOMAIN
from mortise_adapter.fail.failure import TEXT_BYTES_MAX as TEXT_BYTES_MAX
from mortise_adapter.fail.failure import Failure as Failure
from mortise_adapter.fail.failure import invalid_field as invalid_field
from mortise_adapter.fail.failure import unauthenticated as unauthenticated
from mortise_adapter.fail.reasons import *
