"""Notices to people: one channel a line in a file of Apprise URLs; without the file, the log.

The URLs hold tokens, so they stand in a file (`OPINION_NOTIFY_URLS`), never in the environment itself.
A notice says what happened, who owns it and which runbook to open. It never quotes data.
"""

import logging
from pathlib import Path
from typing import Any

from opinion_warehouse.settings import Settings

log = logging.getLogger(__name__)


def channels(path: Path) -> list[str]:
    """The Apprise URLs of the file; blank lines and lines starting with # are passed over."""
    if not path.is_file():
        return []
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def send(settings: Settings, title: str, body: str) -> bool:
    """Send one notice to every channel; a channel that fails is logged and never stops the night."""
    log.warning("%s — %s", title, body)
    urls = channels(settings.notify_file)
    if not urls:
        return False
    import apprise

    channel = apprise.Apprise()
    refused = [url.split("://")[0] for url in urls if not channel.add(url)]
    if refused:
        log.error("notice channels not understood in %s: %s", settings.notify_file, ", ".join(refused))
    sent = bool(channel.notify(title=title, body=body))
    if not sent:
        log.error("the notice was not delivered on every channel of %s", settings.notify_file)
    return sent


def runbook(dag_id: str) -> str:
    """The page that says what to do; the three ingest DAGs share one."""
    return f"docs/runbooks/{'ingest' if dag_id.startswith('ingest_') else dag_id}.md"


def task_failed(context: Any) -> None:
    """Airflow's failure callback: after the last retry of a task."""
    instance = context["task_instance"]
    exception = context.get("exception")
    # Only what this package said itself: a driver's message may quote a cell.
    ours = type(exception).__name__ == "AirflowFailException"
    reason = str(exception)[:300] if ours else type(exception).__name__
    send(
        Settings(),
        f"{instance.dag_id}: {instance.task_id} failed",
        f"run {context['run_id']}; owner {context['task'].owner}; "
        f"runbook {runbook(instance.dag_id)}; "
        f"the published release stays readable. {reason}",
    )


async def deadline_missed(context: dict[str, Any], dag_id: str, expected: str) -> None:
    """Airflow's deadline callback, run by the triggerer: the run is late, not yet failed."""
    import asyncio

    run = context.get("dag_run", {})
    await asyncio.to_thread(
        send,
        Settings(),
        f"{dag_id} is late",
        f"run {run.get('dag_run_id', '?')} was expected to end within {expected}; "
        f"runbook {runbook(dag_id)}",
    )


def intake_closed(settings: Settings, family: str, owner: str, summary: dict[str, Any]) -> bool:
    """One notice a family and night, only when a source was refused or held back."""
    refused = {
        source_id: status
        for source_id, status in _statuses(summary).items()
        if status in ("held", "rejected")
    }
    if not refused:
        return False
    said = ", ".join(f"{source_id} ({status})" for source_id, status in sorted(refused.items()))
    return send(
        settings,
        f"{family}: {len(refused)} source(s) not taken tonight",
        f"{said}; owner {owner}; their last accepted data are carried forward; "
        "see `opinion quarantine list`; "
        f"runbook {runbook(f'ingest_{family}')}",
    )


def release_published(settings: Settings, extra: dict[str, Any]) -> bool:
    """The night's good news, in one notice."""
    kind = "partial" if extra.get("is_partial") else "full"
    return send(
        settings,
        f"release {extra['release_id']} is published ({kind})",
        f"night {extra.get('night')}; owner publishing-desk; `opinion release show {extra['release_id']}`; "
        "runbook docs/runbooks/publish_opinion.md",
    )


def _statuses(summary: dict[str, Any]) -> dict[str, str]:
    """source id → what its night came to."""
    sources = summary.get("sources", {})
    if isinstance(sources, dict):
        return {
            name: str(each["status"] if isinstance(each, dict) else each) for name, each in sources.items()
        }
    return {str(each["source_id"]): str(each["status"]) for each in sources}
