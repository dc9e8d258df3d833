"""Use a generated client against a running service: python use_generated_client.py FOLDER ADDRESS.

It runs in the environment of the generator, which has the client's libraries and none of Evoke's. FOLDER has the client
as the package `evoke_client`. Exits with 1 at the first thing that is not as it should be.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main(folder: str, address: str) -> None:
    """Ask for what a program asks for, by the functions of the client."""
    sys.path.insert(0, folder)
    client = importlib.import_module("evoke_client").Client(base_url=address)
    models = importlib.import_module("evoke_client.models")

    def call(operation: str, *arguments: Any, **named: Any) -> Any:
        api = importlib.import_module(f"evoke_client.api.default.{operation}")
        return api.sync_detailed(*arguments, client=client, **named)

    found = call("search_by_parameters", q="inspiring", year_from=1990, genre=["Drama"], weight=["E5:0.8"], limit=2)
    page = found.parsed
    assert isinstance(page, models.Page), found
    assert len(page.hits) == 2, page
    assert page.intent.values["E5"] == 0.8, page.intent
    hit = page.hits[0]
    assert hit.title, hit
    assert hit.values[0].evidence.text, hit.values[0]

    asked = models.SearchRequest(query="inspiring", filters=models.Filters(year=models.IntegerRange(gte=1990)), limit=2)
    assert isinstance(call("search_by_body", body=asked).parsed, models.Page)

    assert call("get_work", hit.id).parsed.title == hit.title
    assert call("get_work", "book:a/b").parsed.title == "Either/Or"
    assert call("find_similar_works", hit.id, limit=1).parsed.hits
    assert call("recommend", body=models.RecommendRequest(likes=[hit.id], limit=1)).parsed.hits
    listed = models.MatchRequest(works=[models.ListedWork(title=hit.title), models.ListedWork(title="Unheard of")])
    assert [work and work.id for work in call("match_list", body=listed).parsed.works] == [hit.id, None]
    assert call("get_cover", hit.id).status_code == 404, "this service shows no covers"
    assert call("list_values").parsed[0].name
    assert call("count_facets", limit=1).parsed.facets["kind"][0].count
    assert call("suggest_titles", q="inter").parsed[0].title == "Interstellar"
    assert call("list_attributions").parsed.attributions
    assert call("get_questionnaire").parsed.works
    assert call("check_readiness").parsed.works
    assert call("check_health").parsed.status == "ok"

    missing = call("get_work", "none")
    assert isinstance(missing.parsed, models.Problem), missing
    assert missing.parsed.status == 404, missing

    saved = models.Feedback(request_id=found.headers["X-Request-ID"], work=hit.id, kind=models.FeedbackKind.SAVED)
    assert call("send_feedback", body=saved).status_code == 204
    unknown = models.Feedback(request_id="unknown", work=hit.id, kind=models.FeedbackKind.OPENED)
    assert call("send_feedback", body=unknown).parsed.note


if __name__ == "__main__":
    main(*sys.argv[1:])
