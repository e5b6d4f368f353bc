"""Serves stores as an adapter of Mortise. An author implements a store (a class of
`mortise_adapter.stores`) and hands it to an `Adapter`; the kit does what every adapter has
to do: handshake, health, reflection, sockets, TLS, tokens, draining, the checks of fields,
remembered answers, errors, traces and logs."""

from mortise_adapter import fail as fail
from mortise_adapter import v1 as v1
from mortise_adapter.adapter import Adapter as Adapter
from mortise_adapter.call import Change as Change
from mortise_adapter.call import Key as Key
from mortise_adapter.call import Org as Org
from mortise_adapter.call import Session as Session
from mortise_adapter.call import call as call
from mortise_adapter.chunks import chunked as chunked
from mortise_adapter.memory import Memory as Memory
from mortise_adapter.memory import ProcessMemory as ProcessMemory
from mortise_adapter.no_secrets import NoSecrets as NoSecrets
from mortise_adapter.process_leases import ProcessLeases as ProcessLeases
from mortise_adapter.redact import Redacted as Redacted
from mortise_adapter.serve import Config as Config
from mortise_adapter.serve import arguments as arguments
from mortise_adapter.serve import config_of as config_of
from mortise_adapter.serve import log_to_stderr as log_to_stderr
from mortise_adapter.stores import *
