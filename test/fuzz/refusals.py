"""A check of the suite `fuzz`, read by schemathesis."""

import re

import schemathesis

PROBLEM = {"application/problem+json"}
# What an installation in which every part is fine may still answer: there is room for so many engines and no more.
OF_GOOD_HEALTH = {"max-capacity"}
# What asks an engine itself, which another request may have stopped a moment before.
OF_STOPPED_ENGINES = {
    "GET /api/v1/engines/{id}/logs": {"unavailable"},
    "GET /api/v1/engines/{id}/environment": {"unavailable"},
    "GET /streams/{id}/extended-stats": {"unavailable"},
}


@schemathesis.check
def refusal_is_documented(ctx, response, case):
    """A 5xx is a problem that the operation documents for this status, and one that an installation in good health may answer.

    What is documented as another body, as that of GET /readyz, is held to its schema like any answer.
    """
    status = response.status_code
    if status < 500:
        return
    content_type = (response.headers.get("content-type") or [""])[0]
    if content_type in case.operation.definition.raw["responses"].get(str(status), {}).get("content", {}).keys() - PROBLEM:
        return
    assert content_type.startswith("application/problem+json"), f"{status} is no problem but {content_type or 'nothing'}"
    kind = str(response.json().get("type")).removeprefix("/problems/")
    documented = case.operation.definition.raw["responses"].get(str(status), {}).get("description", "")
    assert kind in re.findall(r"`([a-z-]+)`", documented), f"{kind} is not documented for {status}"
    usual = OF_GOOD_HEALTH | OF_STOPPED_ENGINES.get(case.operation.label, set())
    assert kind in usual, f"{kind}, though every part is fine"
