"""SARIF has only what the standard knows, in the shape it demands.

The rules are those of the SARIF 2.1.0 schema (OASIS) for the objects that we write, with nothing more allowed than we
use; these documents were also validated against the schema itself.
"""

from __future__ import annotations

import json
from typing import Any, Final

import jsonschema_rs
import pytest

from benchmarks.report_picture import records
from runner.history import Run, gathered
from runner.reports.sarif import sarif
from tests.reports import hostile
from tests.reports.test_formats import drift


def thing(required: str, **properties: Any) -> dict[str, Any]:
    """A JSON object that has these properties and no others."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT: Final = {"type": "string"}
URI: Final = {"type": "string", "format": "uri-reference"}
TIME: Final = {"type": "string", "format": "date-time", "pattern": "Z$"}
LEVEL: Final = {"enum": ["none", "note", "warning", "error"]}
MESSAGE: Final = thing("text", text={"type": "string", "minLength": 1})
PLACE: Final = thing(
    "physicalLocation",
    physicalLocation=thing(
        "artifactLocation region",
        artifactLocation=thing("uri", uri=URI, uriBaseId=TEXT),
        region=thing("startLine", startLine={"type": "integer", "minimum": 1}),
    ),
)
RESULT: Final = thing(
    "message ruleId ruleIndex level",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations=many(PLACE),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    properties={"type": "object"},
)
RULE: Final = thing("id", id=TEXT, name=TEXT, shortDescription=MESSAGE, defaultConfiguration=thing("", level=LEVEL))
RUN: Final = thing(
    "tool results",
    tool=thing("driver", driver=thing("name", name=TEXT, version=TEXT, rules=many(RULE) | {"uniqueItems": True})),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": thing("", uri=URI, description=MESSAGE)},
    invocations=many(
        thing(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            commandLine=TEXT,
            startTimeUtc=TIME,
            endTimeUtc=TIME,
            exitCode={"type": "integer"},
        )
    ),
    results=many(RESULT),
    versionControlProvenance=many(thing("repositoryUri", repositoryUri=URI, revisionId=TEXT, branch=TEXT)),
)
SARIF: Final = thing("version runs", **{"$schema": URI, "version": {"const": "2.1.0"}, "runs": many(RUN)})


@pytest.mark.parametrize("run", [drift(), hostile.run(), gathered(records(3, 12))], ids=["drift", "hostile", "usual"])
def test_sarif_is_what_the_standard_says(run: Run) -> None:
    document = json.loads(sarif(run, "/srv/infra/"))
    validator = jsonschema_rs.validator_for(SARIF, validate_formats=True)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert document["runs"][0]["results"]
