"""Whose answers may be shared: those of the same source, asked in the same way, with the same credentials, read by the
same code. All of that goes into one secret; keys are made with it, and show nothing of it.
"""

import inspect
from functools import cache
from hashlib import blake2b, scrypt
from pathlib import Path

import msgspec
from msgspec import Struct

from connectors.http.auth import Secret

HERE = Path(__file__).parent
COST = 2**14
"Of trying one guess at a credential: some tens of milliseconds, as weak ones could be guessed from a key otherwise."


def secret_of(name: str, settings: Struct, code: bytes) -> bytes:
    """32 bytes that tell this source from any other one, also from one of the same name with another credential."""
    parts = msgspec.msgpack.encode([name, _plain(settings), code], order="deterministic")
    return scrypt(parts, salt=b"histograph", n=COST, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=32)


def code_version(settings: type[Struct]) -> bytes:
    """What reads the answers: the modules of ours that have a say, and those of a provider from elsewhere.

    Args:
        settings: A provider's own type of settings, which lies with the rest of it.
    """
    own = Path(inspect.getfile(settings))
    package = own.parent.rglob("*.py") if (own.parent / "__init__.py").exists() else [own]
    return _digest(tuple(sorted({*HERE.rglob("*.py"), *(HERE.parent / "schema").rglob("*.py"), *package})))


@cache
def _digest(files: tuple[Path, ...]) -> bytes:
    version = blake2b(digest_size=16)
    for file in files:
        content = file.read_bytes()
        version.update(len(content).to_bytes(8, "big") + content)
    return version.digest()


def _plain(value: object) -> object:
    """Settings as values that two accounts never have in common."""
    if isinstance(value, Secret):
        return ["secret", value.reveal()]
    if isinstance(value, Struct):
        fields = {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        return [type(value).__qualname__, fields]
    if isinstance(value, dict):
        return [[_plain(name), _plain(one)] for name, one in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        plain = [_plain(one) for one in value]
        return plain if isinstance(value, list | tuple) else sorted(plain, key=repr)
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
