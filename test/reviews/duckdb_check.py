"""Compares every month's review with the same figures computed from the events by DuckDB.

    npm run recount -- --url U --dump events.ndjson
    python test/reviews/duckdb_check.py --url U --events events.ndjson [--from 2015-01 --to 2020-12]

Needs `duckdb` from PyPI. U is a running local system; every month is run before it is read. Exit code 0: every figure of
every month is the same, each review agrees with intake and ledger, and a second run makes no new revision.
"""

import argparse
import json
import pathlib
import sys
import time
import urllib.request

import duckdb


def main():
    asked = arguments()
    computed = figures_of_events(asked.events)
    token = call(asked.url, "/_local/token", body={"sub": "duckdb", "roles": ["executive"]})["token"]
    months = months_of(computed, asked)
    wrong, figures, seconds = [], 0, []
    for month in months:
        began = time.monotonic()
        run = call(asked.url, f"/reviews/{month}/runs", token, body={})
        seconds.append(time.monotonic() - began)
        review = call(asked.url, f"/reviews/{month}", token)
        shown = figures_of_review(review)
        expected = computed.get(month, {})
        figures += len(expected)
        wrong += differences(month, expected, shown)
        if not review["reconciliation"]["agrees"] or "provisional" in review:
            wrong.append(f"{month}: the review is provisional or does not reconcile")
        if call(asked.url, f"/reviews/{month}/runs", token, body={})["revision"] != run["revision"]:
            wrong.append(f"{month}: a second run made another revision")
    for line in wrong:
        print(line)
    print(f"{len(months)} months, {figures} figures, {len(wrong)} differences; a run took "
          f"{1000 * sum(seconds) / max(1, len(seconds)):.0f} ms on average, {1000 * max(seconds, default=0):.0f} ms at most")
    return 1 if wrong or not months else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--events", required=True)
    parser.add_argument("--from", dest="first")
    parser.add_argument("--to", dest="last")
    return parser.parse_args()


def months_of(computed, asked):
    """Every month from the first to the last, those without any event too: there, a review has to show nothing."""
    first = asked.first or min(computed)
    last = asked.last or max(computed)
    months = [f"{year}-{month:02}" for year in range(int(first[:4]), int(last[:4]) + 1) for month in range(1, 13)]
    return [month for month in months if first <= month <= last]


def figures_of_events(events):
    connection = duckdb.connect()
    connection.execute("SET VARIABLE events = ?", [events])
    sql = pathlib.Path(__file__).with_name("review-figures.sql").read_text(encoding="utf-8")
    months = {}
    for month, figure, name, value in connection.execute(sql).fetchall():
        months.setdefault(month, {})[(figure, name)] = value
    return months


def figures_of_review(review):
    """The same figures as the review shows them; what stands at 0 is left out."""
    shown = {("total", name): value for name, value in review["totals"].items()}
    for category in review["categories"]:
        shown["category", category["id"]] = category["count"]
        for kind in category["types"]:
            shown["type", f"{category['id']}/{kind['id']}"] = kind["count"]
    for department in review["departments"]:
        shown["department", department["id"]] = department["count"]
        for state, points in department["points"].items():
            shown[state, department["id"]] = round(float(points) * 100)
    parts = {"channel": "channels", "level": "levels", "determined": "determinations"}
    for figure, name in parts.items():
        shown |= {(figure, part["id"]): part["count"] for part in review[name]}
    shown |= {("alerts", name): review["alerts"][name] for name in ("raised", "superseded")}
    for timed in review["inTime"]:
        shown["all", timed["what"]] = timed["all"]
        shown["in time", timed["what"]] = timed["inTime"]
        shown["missed", timed["what"]] = timed["missed"]
    shown |= {("breached", each["clock"]): each["count"] for each in review["breaches"]}
    for statement in review["reconciliation"]["statements"]:
        if statement["about"] == "counted":
            shown["received", statement["of"]] = statement["found"]
    return {key: value for key, value in shown.items() if value != 0}


def differences(month, computed, shown):
    keys = sorted(computed.keys() | shown.keys())
    return [
        f"{month} {figure} {name}: {computed.get((figure, name), 0)} by DuckDB, {shown.get((figure, name), 0)} in the review"
        for figure, name in keys
        if computed.get((figure, name), 0) != shown.get((figure, name), 0)
    ]


def call(url, path, token=None, body=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data=data, headers=headers)) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
