"""Faults to order: what providers do when they are ill, done on demand to any of the five."""

from sandbox.faults.active import Active
from sandbox.faults.fault import Fault, Kind, Parameter
from sandbox.faults.order import FaultError, parse_order, read_order
from sandbox.faults.registry import FAULTS
from sandbox.faults.scope import Order, Scope
from sandbox.faults.targets import Target

__all__ = [
    "FAULTS",
    "Active",
    "Fault",
    "FaultError",
    "Kind",
    "Order",
    "Parameter",
    "Scope",
    "Target",
    "parse_order",
    "read_order",
]
