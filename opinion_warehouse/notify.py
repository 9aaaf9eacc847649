"""Notices to people: one channel a line in a file of Apprise URLs; without the file, the log.

The URLs hold tokens, so they stand in a file (`OPINION_NOTIFY_URLS`), never in the environment itself.
A notice says what happened, who owns it and which runbook to open. It never quotes data.
"""

import logging
import re
from pathlib import Path
from typing import Any

from opinion_warehouse.settings import Settings

log = logging.getLogger(__name__)
_CHECK_ID = re.compile(r"\b[A-Z]{3}-\d{3}\b")
_TOLD_WHOLE = ("lock_held", "secret_missing", "scratch_full")
"""Reason codes whose messages are of our own making and name no delivered file."""


def runbook(dag_id: str) -> str:
    """The page a notice and a DAG point to; the ingest DAGs have one between them."""
    name = "ingest" if dag_id.startswith("ingest_") else dag_id
    return f"docs/runbooks/{name}.md"


def channels(path: Path) -> list[str]:
    """The Apprise URLs of the file; blank lines and lines starting with # are passed over."""
    if not path.is_file():
        return []
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def send(settings: Settings, title: str, body: str) -> bool:
    """Send one notice to every channel; whatever fails here is logged and never stops the night."""
    log.warning("%s — %s", title, body)
    try:
        sent = _deliver(settings.notify_file, title, body)
    except Exception as error:  # its text could hold a channel's token
        log.error("the notice was not delivered: %s", type(error).__name__)
        return False
    if sent is False:
        log.error("the notice was not delivered on every channel of %s", settings.notify_file)
    return bool(sent)


def _deliver(path: Path, title: str, body: str) -> bool | None:
    """None where there is no channel."""
    urls = channels(path)
    if not urls:
        return None
    import apprise

    channel = apprise.Apprise()
    refused = [url for url in urls if not channel.add(url)]
    if refused:
        # Only the scheme: the rest is a secret.
        schemes = [url.split("://")[0] if "://" in url else "no URL" for url in refused]
        log.error("notice channels not understood in %s: %s", path, ", ".join(schemes))
    return bool(channel.notify(title=title, body=body)) and not refused


def task_failed(context: Any) -> None:
    """Airflow's failure callback: after the last retry of a task."""
    from opinion_warehouse.connectors import FetchFailed

    instance = context["task_instance"]
    exception = context.get("exception")
    # A message only where it is known: a driver's may quote a cell, the gate's what a check observed, and a
    # delivered file's name may hold a person's.
    checks = dict.fromkeys(_CHECK_ID.findall(str(exception)))
    code = getattr(exception, "reason_code", type(exception).__name__)
    is_told_whole = code in _TOLD_WHOLE or isinstance(exception, FetchFailed)
    said = str(exception) if is_told_whole else str(code)
    reason = f"checks: {', '.join(checks)}" if checks else said
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
        f"run {run.get('dag_run_id', '?')} was expected to end within {expected}; runbook {runbook(dag_id)}",
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
        f"runbook {runbook('publish_opinion')}",
    )


def _statuses(summary: dict[str, Any]) -> dict[str, str]:
    """source id → what its night came to."""
    sources = summary.get("sources", {})
    if isinstance(sources, dict):
        return {
            name: str(each["status"] if isinstance(each, dict) else each) for name, each in sources.items()
        }
    return {str(each["source_id"]): str(each["status"]) for each in sources}
