"""Faults of TLS: they are about the port of a provider that is reached by https."""

from sandbox.door import Port
from sandbox.faults.fault import Fault, Kind

TLS_FAULTS = (
    Fault("tls-wrong-name", Kind.TLS, "The certificate is for another host.", port=Port.WRONG_NAME),
    Fault("tls-unknown-ca", Kind.TLS, "The certificate is of an authority nobody trusts.", port=Port.UNKNOWN_CA),
    Fault("plain-on-tls", Kind.TLS, "Plain HTTP is spoken where TLS is expected.", port=Port.PLAIN),
)
