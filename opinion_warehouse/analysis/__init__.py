"""Weighting, reliability, change and trend: what needs distribution functions, which SQL has not.

`weigh` runs before dbt builds the core, `analyse` after; both write tables that dbt takes as sources.
"""

from opinion_warehouse.analysis.run import analyse
from opinion_warehouse.analysis.weighting import weigh

__all__ = ["analyse", "weigh"]
