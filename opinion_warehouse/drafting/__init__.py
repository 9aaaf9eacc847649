"""`opinion sources new`: the draft of a spec from a file. It proposes; a person decides."""

from opinion_warehouse.drafting.draft import Draft, DraftFailed, draft

__all__ = ["Draft", "DraftFailed", "draft"]
