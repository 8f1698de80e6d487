"""The fact `date_time`: the host's clock in its own time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from runner.sh.facts_source import Facts, Source

# The last line of a time zone file is a POSIX TZ text: `CET-1CEST,M3.5.0,M10.5.0/3` or `<+03>-3` (RFC 8536, 3.3).
_ZONE: Final = re.compile(r"(?:<(?P<a>[^>]+)>|(?P<b>[A-Za-z]+))[-+:\d]+(?:<(?P<c>[^>]+)>|(?P<d>[A-Za-z]+))?")


def date_time(source: Source) -> Facts:
    """All keys of `date_time`; empty when the host has no usable `date`."""
    words = source.get("date").split()
    if len(words) < 13 or not words[6].isdigit():
        return {}
    year, month, day, hour, minute, second, epoch, weekday, number, week, offset, zone, fraction = words[:13]
    micro = fraction[:6] if fraction.isdigit() else "000000"
    utc = datetime.fromtimestamp(int(epoch), UTC)
    iso = utc.strftime("%Y-%m-%dT%H:%M:%S")
    basic = f"{year}{month}{day}T{hour}{minute}{second}"
    return {
        "year": year,
        "month": month,
        "weekday": weekday,
        "weekday_number": number,
        "weeknumber": week,
        "day": day,
        "hour": hour,
        "minute": minute,
        "second": second,
        "epoch": epoch,
        "epoch_int": epoch,
        "date": f"{year}-{month}-{day}",
        "time": f"{hour}:{minute}:{second}",
        "iso8601_micro": f"{iso}.{micro}Z",
        "iso8601": f"{iso}Z",
        "iso8601_basic": f"{basic}{micro}",
        "iso8601_basic_short": basic,
        "tz": zone,
        "tz_dst": _summer_zone(source.get("tzfile"), zone),
        "tz_offset": offset,
    }


def _summer_zone(tz: str, zone: str) -> str:
    """The name of summer time there; the zone's only name where there is none."""
    found = _ZONE.match(tz.strip())
    if not found:
        return zone
    return found["c"] or found["d"] or found["a"] or found["b"] or zone
