"""The gate: release suites on the sealed tables, every result recorded, the verdict by SQL."""

from opinion_warehouse.gate.audit import GateError, Verdict, run

__all__ = ["GateError", "Verdict", "run"]
