"""What the suite `fuzz` adds to schemathesis: a check of refusals, and requests that can succeed."""

import os
import re
import time

import requests
import schemathesis

PROBLEM = "application/problem+json"

# Stand for an engine that runs, and a stream that plays, when the request is sent. schemathesis.toml has them too.
ENGINE = "engine-of-the-suite"
STREAM = "stream-of-the-suite"
# That there is one again, or room for one, after the suite has removed or made so many.
DEADLINE_S = 30

# What each operation that changes or shows one thing is asked at least once: made-up names find nothing.
OF_PATHS = {
    r"/(engines|containers)/\{id\}": ENGINE,
    r"/operations/\{id\}": f"provision-{ENGINE}",
    r"/streams/\{id\}": STREAM,
    r"/scale/\{demand\}": 3,
}
OF_BODIES = {
    r"/lease/elect$": {"candidate": ENGINE, "force": True},
    r"/lease/designate$": {"engine": ENGINE, "force": True},
    r"/lease/rotate$": {"force": True},
    r"/restart$": {"force": True},
    r"/provision(/acestream)?$|/api/v1/engines$": {"labels": {"made.by": "suite"}},
    r"/fleet$": {"wanted": 3},
    r"/stream_started$": {
        "container_id": ENGINE,
        "engine": {"host": "127.0.0.1", "port": 6878},
        "stream": {"key_type": "infohash", "key": "08ada5a7a6183aae1e09d831df6748d566095a10"},
        "session": {
            "playback_session_id": "of-the-suite",
            "stat_url": "http://127.0.0.1:6878/ace/stat/a/b",
            "command_url": "http://127.0.0.1:6878/ace/cmd/a/b",
            "is_live": True,
        },
    },
    r"/stream_ended$": {"stream_id": STREAM},
}
ONE_MORE = {"POST /provision", "POST /provision/acestream", "POST /api/v1/engines"}


@schemathesis.check
def refusal_is_documented(ctx, response, case):
    """A 5xx is a problem of a type that the operation documents for this status, and says when to ask again.

    What is documented as another body, as that of GET /readyz, is held to its schema like any answer.
    """
    status = response.status_code
    if status < 500:
        return
    content_type = (response.headers.get("content-type") or [""])[0]
    documented = case.operation.definition.raw["responses"].get(str(status), {})
    if content_type in documented.get("content", {}).keys() - {PROBLEM}:
        return
    assert content_type.startswith(PROBLEM), f"{status} is no problem but {content_type or 'nothing'}"
    kind = str(response.json().get("type")).removeprefix("/problems/")
    assert kind in re.findall(r"`([a-z-]+)`", documented.get("description", "")), f"{kind} is not documented for {status}"
    retry_after = (response.headers.get("retry-after") or [""])[0]
    assert re.fullmatch("[1-9][0-9]*", retry_after), f"{kind} does not say when to ask again, Retry-After is {retry_after or 'not there'}"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Gives the document an example of each request that needs something to be there."""
    for path, methods in raw_schema["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    give_example(parameter, path, OF_PATHS)
                elif parameter["name"] == "If-Match":
                    parameter["example"] = "*"
            for content in operation.get("requestBody", {}).get("content", {}).values():
                give_example(content, path, OF_BODIES)


def give_example(where, path, examples):
    for pattern, example in examples.items():
        if re.search(pattern, path):
            where["example"] = example


@schemathesis.hook
def before_call(context, case, kwargs):
    """Names what is there where the case has the suite's words for it, and makes room where it asks for one engine more."""
    for word, what, find in ((ENGINE, "a healthy engine", quietest_engine), (STREAM, "a stream that plays", playing_stream)):
        parts = [part for part in ("path_parameters", "body") if word in repr(getattr(case, part))]
        if parts:
            found = eventually(what, find)
        for part in parts:
            # Only what changes: schemathesis takes a body that was left out, and is left out again, for a wrong one.
            setattr(case, part, naming(word, found, getattr(case, part)))
    if case.operation.label in ONE_MORE:
        eventually("room for one engine more", make_room)


def naming(word, name, value):
    """`value` with `name` in the place of `word`."""
    if isinstance(value, str):
        return value.replace(word, name)
    if isinstance(value, dict):
        return {key: naming(word, name, part) for key, part in value.items()}
    return value


def quietest_engine():
    healthy = [engine for engine in ask("GET", "/engines") if engine["health_status"] == "healthy"]
    quietest = min(healthy, key=lambda engine: (engine["forwarded"], len(engine["streams"])), default=None)
    return quietest and quietest["engine_id"]


def playing_stream():
    for stream in ask("GET", "/streams?status=started"):
        return stream["id"]
    engine = quietest_engine()
    if engine is not None:
        ask("POST", "/events/stream_started", {**OF_BODIES[r"/stream_started$"], "container_id": engine})
    return None


def make_room():
    fleet = ask("GET", "/api/v1/fleet")
    if fleet["engines"]["total"] < fleet["max_replicas"]:
        return True
    ask("POST", "/scale/0")
    return None


def eventually(what, look):
    """What `look` finds once it finds something; an answer that is no success is no find either."""
    deadline = time.monotonic() + DEADLINE_S
    last = None
    while time.monotonic() < deadline:
        try:
            found = look()
            if found is not None:
                return found
        except requests.HTTPError as refusal:
            last = refusal
        time.sleep(0.05)
    raise AssertionError(f"there is not {what} within {DEADLINE_S} s: {last}")


def ask(method, path, body=None):
    headers = {"Authorization": f"Bearer {os.environ['FUZZ_KEY']}"}
    answer = requests.request(method, os.environ["FUZZ_URL"] + path, headers=headers, json=body, timeout=DEADLINE_S)
    answer.raise_for_status()
    return answer.json()
