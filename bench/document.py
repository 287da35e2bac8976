"""`docs/performance.md`: its tables stand between markers, so that a run can put its own in their place."""

import re
from pathlib import Path

PERFORMANCE = Path(__file__).parent.parent / "docs" / "performance.md"


def write(part: str, text: str, file: Path = PERFORMANCE) -> None:
    """Puts the text between `<!-- bench:part -->` and `<!-- /bench:part -->`.

    Raises:
        ValueError: The document has no such place.
    """
    before = file.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- bench:{re.escape(part)} -->\n).*?(<!-- /bench:{re.escape(part)} -->)", re.DOTALL)
    if not place.search(before):
        raise ValueError(f"{file.name} has no place for {part!r}: <!-- bench:{part} --> and <!-- /bench:{part} -->")
    file.write_text(place.sub(lambda found: f"{found[1]}{text}\n{found[2]}", before), encoding="utf-8")
