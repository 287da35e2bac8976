"""The five providers' APIs as a local server, with realistic data: for demonstrations, tests and benchmarks.

Written from the providers' documents alone, so that it and the connectors do not share one wrong reading of them.
"""

from sandbox.calls import Call
from sandbox.faults import FAULTS, Active, FaultError
from sandbox.generate import generate
from sandbox.model import Problem, Run, State, Step, StepPlan, Trigger, Workflow
from sandbox.providers.base import Quirks, Settings
from sandbox.server import PROVIDERS, Sandbox
from sandbox.world import World

__all__ = [
    "FAULTS",
    "PROVIDERS",
    "Active",
    "Call",
    "FaultError",
    "Problem",
    "Quirks",
    "Run",
    "Sandbox",
    "Settings",
    "State",
    "Step",
    "StepPlan",
    "Trigger",
    "Workflow",
    "World",
    "generate",
]
