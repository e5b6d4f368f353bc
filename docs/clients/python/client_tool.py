"""A turn with a tool that this application runs itself. The session says that it has the
tool; a turn that calls it waits for its result, also if the host is restarted meanwhile.

    python client_tool.py http://127.0.0.1:7451 [TOKEN]
"""

import json
import sys
import uuid
from collections.abc import Iterator

import api
import httpx

# What a stream of a turn has beside the events of the session.
OWN = {"queued": api.TurnAccepted, "accepted": api.TurnAccepted, "ended": api.TurnEnded, "error": api.Error}

# What this application's tools do.
TOOLS = {"ask_person": lambda arguments: "blue"}


def items(answer: httpx.Response) -> Iterator[api.TurnAccepted | api.TurnEnded | api.Error | api.EventEnvelope]:
    """The items of a stream of server-sent events, each of its own type."""
    name, data = "", ""
    for line in answer.iter_lines():
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data += value.strip()
        elif not line and data:
            item = json.loads(data)
            # An event of a type that is new has no class, and is an api.OtherEvent.
            yield OWN[name].model_validate(item) if name in OWN else event(item)
            name, data = "", ""


def event(item: dict) -> api.EventEnvelope:
    """An event of a session, as the class of its type."""
    read = api.Event.model_validate(item).root
    return read.root if isinstance(read, api.KnownEvent) else read


def main(url: str = "http://127.0.0.1:7451", token: str = "") -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as host:

        def call(method: str, path: str, body=None) -> dict:
            # Sent again with the same key, a change happens once: repeat it after a broken connection.
            key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
            text = body.model_dump_json(exclude_unset=True) if body else None
            answer = host.request(method, path, content=text, headers=key)
            if answer.is_error:
                raise RuntimeError(api.Error.model_validate_json(answer.text).error.message)
            return answer.json()

        harness_id = call("GET", "/v1/harnesses")["harnesses"][0]["harness_id"]
        tool = {
            "type": "client_side",
            "name": "ask_person",
            "description": "Asks the person at the screen.",
            "parameters": {"type": "object", "properties": {"question": {"type": "string"}}},
        }
        asked = api.NewSession.model_validate({"harness_id": harness_id, "tools": [tool]})
        session = api.Session.model_validate(call("POST", "/v1/sessions", asked))
        path = f"/v1/sessions/{session.id}"

        turn = api.NewTurn(text="Which colour? And what is 12 times 34?")
        last, ended = 0, None
        stream = {"Accept": "text/event-stream", "Idempotency-Key": str(uuid.uuid4())}
        with host.stream("POST", f"{path}/turns", content=turn.model_dump_json(exclude_unset=True), headers=stream) as answer:
            answer.raise_for_status()
            for item in items(answer):
                match item:
                    case api.ToolCallRequestedEvent():
                        print("the model calls", ", ".join(one.name for one in item.data.tool_calls))
                    case api.TurnEnded():
                        print("the turn:", item.outcome.root)
                        ended = item
                    case api.Error():
                        raise RuntimeError(item.error.message)
                last = getattr(item, "sequence", None) or last

        results = [{"tool_call_id": one.id, "result": TOOLS[one.name](one.arguments)} for one in ended.tool_calls]
        call("POST", f"{path}/tool-results", api.ToolResults.model_validate({"results": results}))

        # The turn goes on. Each stored event has its sequence number, so nothing is missed.
        stream = {"Accept": "text/event-stream"}
        with host.stream("GET", f"{path}/events", params={"after": last}, headers=stream) as answer:
            answer.raise_for_status()
            for item in items(answer):
                match item:
                    case api.OutputMessageCompletedEvent():
                        texts = [part.root for part in item.data.message.content]
                        print(*(part.text for part in texts if part.type == "text"))
                    case api.TurnFailedEvent():
                        raise RuntimeError(item.data.error)
                    case api.TurnCompletedEvent():
                        print("the turn: completed")
                        break


main(*sys.argv[1:])
