from mortise.adapter.v1 import agent_store_pb2 as _agent_store_pb2
from mortise.adapter.v1 import budget_checker_pb2 as _budget_checker_pb2
from mortise.adapter.v1 import context_pb2 as _context_pb2
from mortise.adapter.v1 import harness_store_pb2 as _harness_store_pb2
from mortise.adapter.v1 import llm_provider_store_pb2 as _llm_provider_store_pb2
from mortise.adapter.v1 import options_pb2 as _options_pb2
from mortise.adapter.v1 import payment_authority_pb2 as _payment_authority_pb2
from mortise.adapter.v1 import provider_credential_store_pb2 as _provider_credential_store_pb2
from mortise.adapter.v1 import session_store_pb2 as _session_store_pb2
from mortise.adapter.v1 import user_connection_resolver_pb2 as _user_connection_resolver_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutHarnessRequest(_message.Message):
    __slots__ = ("context", "harness")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    HARNESS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    harness: _harness_store_pb2.Harness
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., harness: _Optional[_Union[_harness_store_pb2.Harness, _Mapping]] = ...) -> None: ...

class PutHarnessResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutAgentRequest(_message.Message):
    __slots__ = ("context", "agent")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    agent: _agent_store_pb2.Agent
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., agent: _Optional[_Union[_agent_store_pb2.Agent, _Mapping]] = ...) -> None: ...

class PutAgentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutSessionRequest(_message.Message):
    __slots__ = ("context", "session")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    session: _session_store_pb2.Session
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., session: _Optional[_Union[_session_store_pb2.Session, _Mapping]] = ...) -> None: ...

class PutSessionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutProviderCredentialRequest(_message.Message):
    __slots__ = ("context", "provider_type", "credentials")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    provider_type: str
    credentials: _provider_credential_store_pb2.ProviderCredentials
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., provider_type: _Optional[str] = ..., credentials: _Optional[_Union[_provider_credential_store_pb2.ProviderCredentials, _Mapping]] = ...) -> None: ...

class PutProviderCredentialResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutConnectionRequest(_message.Message):
    __slots__ = ("context", "connection")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    connection: _user_connection_resolver_pb2.Connection
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., connection: _Optional[_Union[_user_connection_resolver_pb2.Connection, _Mapping]] = ...) -> None: ...

class PutConnectionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutPaymentPolicyRequest(_message.Message):
    __slots__ = ("context", "policy", "account")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    policy: _payment_authority_pb2.LedgerPolicy
    account: _payment_authority_pb2.LedgerAccount
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., policy: _Optional[_Union[_payment_authority_pb2.LedgerPolicy, _Mapping]] = ..., account: _Optional[_Union[_payment_authority_pb2.LedgerAccount, _Mapping]] = ...) -> None: ...

class PutPaymentPolicyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutModelRequest(_message.Message):
    __slots__ = ("context", "model_id", "model", "is_default")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    model_id: str
    model: _llm_provider_store_pb2.ModelWithProvider
    is_default: bool
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., model_id: _Optional[str] = ..., model: _Optional[_Union[_llm_provider_store_pb2.ModelWithProvider, _Mapping]] = ..., is_default: _Optional[bool] = ...) -> None: ...

class PutModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutBudgetRequest(_message.Message):
    __slots__ = ("context", "budget")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    budget: _budget_checker_pb2.Budget
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., budget: _Optional[_Union[_budget_checker_pb2.Budget, _Mapping]] = ...) -> None: ...

class PutBudgetResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutRateLimitRequest(_message.Message):
    __slots__ = ("context", "max_calls", "window_seconds")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_SECONDS_FIELD_NUMBER: _ClassVar[int]
    context: _context_pb2.CallContext
    max_calls: int
    window_seconds: int
    def __init__(self, context: _Optional[_Union[_context_pb2.CallContext, _Mapping]] = ..., max_calls: _Optional[int] = ..., window_seconds: _Optional[int] = ...) -> None: ...

class PutRateLimitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
