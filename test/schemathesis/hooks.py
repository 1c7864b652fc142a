"""What a description cannot say: how a source signs, and which answers to a well-formed request follow from the data.

Loaded by Schemathesis. INTERLOCK_URL names the running system, INTERLOCK_SIGNS=yes lets reports be signed.
"""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import time
import urllib.request

import requests
import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

URL = os.environ["INTERLOCK_URL"]
REPORTS = "/intake/{source}"


def helper(path):
    with urllib.request.urlopen(f"{URL}/_local{path}") as answer:
        return json.load(answer)


class SourceSignature(requests.auth.AuthBase):
    """Standard Webhooks, over the bytes that go out (I-3).

    A timestamp that is none and a missing header stay as they are: they are what is tried.
    """

    def __init__(self):
        self.secrets = {item["source"]: item["secret"] for item in helper("/sources")["items"]}
        now = time.strptime(helper("/clock")["now"][:19], "%Y-%m-%dT%H:%M:%S")
        self.ahead = int(time.mktime(now) - time.timezone - time.time())

    def __call__(self, request):
        secret = self.secrets.get(request.path_url.partition("?")[0].rpartition("/")[2])
        message = text_of(request.headers.get("webhook-id"))
        given = text_of(request.headers.get("webhook-timestamp"))
        if secret is None or not message or not re.fullmatch("[0-9]+", given or ""):
            return request
        timestamp = str(int(time.time()) + self.ahead)
        body = request.body or b""
        content = f"{message}.{timestamp}.".encode() + (body.encode() if isinstance(body, str) else body)
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        request.headers["webhook-timestamp"] = timestamp
        request.headers["webhook-signature"] = f"v1,{signature}"
        return request


def text_of(header):
    return header.decode("latin-1") if isinstance(header, bytes) else header


SIGNATURE = SourceSignature() if os.environ.get("INTERLOCK_SIGNS") == "yes" else None
if SIGNATURE:
    schemathesis.auth.set_from_requests(SIGNATURE).apply_to(path=REPORTS, method="POST")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Signed reports come from sources that exist and name what policy and directory know, as far as they are well-formed.

    Without this nearly all would end at the source (404) or at the classification (422, G-1).
    """
    if SIGNATURE:
        for parameter in raw_schema["paths"][REPORTS]["post"]["parameters"]:
            if parameter.get("name") == "source":
                parameter["schema"] = {"type": "string", "enum": sorted(SIGNATURE.secrets)}
        for name, known in KNOWN.items():
            raw_schema["components"]["schemas"]["Report"]["properties"][name] = {"type": "string", "enum": known}


# Of the sample organisation under policy 1.
KNOWN = {
    "category": ["logistics"],
    "type": ["late-delivery", "damaged-goods", "lost-parcel"],
    "department": ["logistics"],
    "employee": ["E-202", "E-203", "E-204"],
    "partner": ["P-07", "P-11"],
}


NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Well-formed reports get an id of their own: a second one under a short id would be 409, and no worker see it."""
    if SIGNATURE and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        external = case.body.get("externalId", "")
        if len(external) < SHORT:
            case.body = {**case.body, "externalId": f"{external}{next(NUMBERS)}"}


SHORT = 20


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps every failure but two, which are answers as they should be."""
    problem = json_of(response)
    if isinstance(failure, UnsupportedMethodResponse):
        # The gateway has no route for a method that is not described, and says so in its own words.
        return not (response.status_code == 404 and problem == {"message": "Not Found"})
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        # No schema says which cursors a list has given, nor what policy, directory and calendar hold: a rule is named.
        of_cursor = {error["path"] for error in problem.get("errors", [])} == {"cursor"}
        return not (of_cursor or problem.get("rule", FORM) != FORM)
    return True


# Rule I-3 is what the webhook names where the form itself does not fit; no other route names a rule for that.
FORM = "I-3"


def json_of(response):
    try:
        return json.loads(response.content)
    except ValueError:
        return {}
