"""Waits for a host, or runs a turn of the demo agent over its HTTP API.

usage: turn.py ready ADMIN
       turn.py turn API [TOKEN_FILE]
"""

import http.client
import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

DEMO = {
    "harness_id": "harness_6d6f7274000000000000000000000001",
    "agent_id": "agent_6d6f7274000000000000000000000002",
}


def ready(admin: str) -> None:
    """Asks until the host is ready, for a minute."""
    deadline, last = time.monotonic() + 60, ""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{admin}/ready", timeout=5) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as error:
            last = error.read().decode()
        except (OSError, http.client.HTTPException) as error:
            last = str(error)
        time.sleep(0.2)
    sys.exit(f"the host is not ready: {last}")


def turn(api: str, token: str | None) -> None:
    session = ask(f"{api}/v1/sessions", DEMO, token)
    of_session = f"{api}/v1/sessions/{find(session, 'session_')}"
    ended = ask(f"{of_session}/turns", {"text": "What is 12 times 34?"}, token)
    messages = ask(f"{of_session}/messages", None, token)
    if ended.get("outcome") != "completed" or "408" not in json.dumps(messages):
        sys.exit(f"the answer is not 408: {json.dumps(ended)} {json.dumps(messages)}")
    print("turn: 408")


def ask(url: str, body: dict | None, token: str | None) -> dict:
    """Posts a body, or gets where there is none."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        sys.exit(f"{url}: {error.code} {error.read().decode()}")


def find(value: object, prefix: str) -> str:
    """The first text in a value that begins with a prefix."""
    if isinstance(value, str):
        return value if value.startswith(prefix) else ""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for found in (find(child, prefix) for child in children) if found), "")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ready", admin]:
            ready(admin)
        case ["turn", api, *rest]:
            turn(api, pathlib.Path(rest[0]).read_text().strip() if rest else None)
        case _:
            sys.exit(__doc__)
