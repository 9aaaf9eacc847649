"""Intake: fetch → discover → store → parse in a child process → land in one transaction → check → close."""

from opinion_warehouse.intake.closing import close_intake
from opinion_warehouse.intake.discover import discover, untaken_files
from opinion_warehouse.intake.fetching import fetch_source, fetchable
from opinion_warehouse.intake.landing import check_landing
from opinion_warehouse.intake.load import load_file
from opinion_warehouse.intake.quarantine import (
    known_reasons,
    known_sources,
    quarantine_list,
    quarantine_row,
    quarantine_show,
)
from opinion_warehouse.intake.replay import chosen_files, quarantine_replay, replay_all

__all__ = [
    "check_landing",
    "chosen_files",
    "close_intake",
    "discover",
    "fetch_source",
    "fetchable",
    "known_reasons",
    "known_sources",
    "load_file",
    "quarantine_list",
    "quarantine_replay",
    "quarantine_row",
    "quarantine_show",
    "replay_all",
    "untaken_files",
]
