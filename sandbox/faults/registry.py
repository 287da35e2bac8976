"""All faults, by name."""

from collections.abc import Mapping

from sandbox.faults.body import BODY_FAULTS
from sandbox.faults.fault import Fault
from sandbox.faults.paging import PAGING_FAULTS
from sandbox.faults.records import RECORD_FAULTS
from sandbox.faults.status import STATUS_FAULTS
from sandbox.faults.tls import TLS_FAULTS
from sandbox.faults.transport import TRANSPORT_FAULTS

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (*TRANSPORT_FAULTS, *STATUS_FAULTS, *BODY_FAULTS, *RECORD_FAULTS, *PAGING_FAULTS, *TLS_FAULTS)
}
