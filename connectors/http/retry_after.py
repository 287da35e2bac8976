"""`Retry-After` in its two forms: seconds, and a date taken relative to the answer's own `Date`, as clocks differ."""

import time
from email.utils import parsedate_to_datetime

from connectors.http.client import Response

LONGEST = 3600.0  # seconds; a provider that asks for more is asked again after this


def retry_after(response: Response) -> float | None:
    """Seconds to wait; None when the answer does not say, or says it unreadably."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST)
    try:
        then = parsedate_to_datetime(text).timestamp()
        now = parsedate_to_datetime(response.headers["date"]).timestamp() if "date" in response.headers else time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(then - now, 0.0), LONGEST)
