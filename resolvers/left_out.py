"""Records that are left out, each for itself, as one error that names them."""

from collections.abc import Sequence

from connectors.contract import StepList
from connectors.errors import ConnectorError, UnreadableError
from connectors.listed import Unreadable

MAX_NAMED = 5
"Records that a message names."


def lacking(steps: StepList) -> ConnectorError | None:
    """Why a run may have more steps than these."""
    return left_out(steps.unreadable, "steps") if steps.unreadable else steps.doubt


def left_out(records: Sequence[Unreadable], what: str = "records") -> UnreadableError:
    """Word of some records, of which there is at least one."""
    names = ", ".join(record.native_id or "one without an id" for record in records[:MAX_NAMED])
    more = ", …" if len(records) > MAX_NAMED else ""
    return UnreadableError(f"{len(records)} {what} could not be read ({names}{more}): {records[0].reason}")
