"""The contract: SDL files, and their types as Python values in `model`. Imports nothing of ours."""

from pathlib import Path

HERE = Path(__file__).parent


def sdl(*further: str) -> str:
    """The whole SDL as one text, as written: the shared files, each provider's, then what providers elsewhere bring."""
    files = [HERE / "federation.graphql", HERE / "query.graphql", HERE / "execution.graphql"]
    files += sorted((HERE / "providers").glob("*.graphql"))
    return "\n".join([*(file.read_text(encoding="utf-8") for file in files), *further])


def direct_sdl() -> str:
    """What is added for clients that ask us directly, and not served to composers."""
    return (HERE / "direct.graphql").read_text(encoding="utf-8")
