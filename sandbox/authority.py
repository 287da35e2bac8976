"""Certificates for servers behind TLS, of an authority made for one sandbox and forgotten with it."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from sandbox.door import Port


class Authority:
    """A certificate authority. `bundle` is its certificate, as the PEM file that a client has to trust.

    Raises:
        RuntimeError: The package `trustme` is not installed.
    """

    def __init__(self, host: str) -> None:
        trustme = _trustme()
        ours, strange = trustme.CA(), trustme.CA()
        leaves = {
            Port.OPEN: ours.issue_cert(host, "localhost"),
            Port.WRONG_NAME: ours.issue_cert("somebody-else.example"),
            Port.UNKNOWN_CA: strange.issue_cert(host, "localhost"),
        }
        self._contexts: dict[Port, ssl.SSLContext] = {}
        for port, leaf in leaves.items():
            self._contexts[port] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(self._contexts[port])
        self._directory = TemporaryDirectory(prefix="sandbox-")
        self.bundle = Path(self._directory.name) / "ca.pem"
        ours.cert_pem.write_to_path(str(self.bundle))

    def context(self, port: Port) -> ssl.SSLContext:
        """What the server at such a port speaks TLS with."""
        return self._contexts.get(port, self._contexts[Port.OPEN])

    def close(self) -> None:
        """Delete the bundle."""
        self._directory.cleanup()


def _trustme() -> ModuleType:
    try:
        import trustme  # noqa: PLC0415  (a development dependency: needed by this alone)
    except ImportError:
        raise RuntimeError("TLS in the sandbox needs the package trustme, a development dependency") from None
    return trustme
