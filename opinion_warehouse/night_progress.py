"""The night's progress on the console: one line a DAG, fed by Airflow's task listener."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

MARKS = {"success": "[green]✓[/green]", "failed": "[red]✗[/red]"}


class Progress:
    """Bars on a terminal; elsewhere (a log, a pipe) one line a finished DAG."""

    def __init__(self, console: Console, files: dict[str, int]) -> None:
        self._console, self._files = console, files
        self._bars = Bars(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[step]}", style="dim"),
            console=console,
            disable=not console.is_terminal,
        )
        self._line: TaskID | None = None
        self._dag_id, self._began = "", 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, dag_id: str, task_count: int) -> None:
        """A DAG starts; a mapped task counts once a file."""
        if dag_id.startswith("ingest_"):
            task_count += self._files.get(dag_id, 0) - 1
        self._dag_id, self._began = dag_id, time.monotonic()
        self._line = self._bars.add_task(f"{dag_id:<16}", total=task_count, step="")

    def end(self, dag_id: str, state: str) -> None:
        """A DAG has ended."""
        if self._line is not None:
            total = self._bars.tasks[self._line].completed
            self._bars.update(
                self._line,
                description=f"{dag_id:<16} {MARKS.get(state, state)}",
                total=total,
                completed=total,
                step="",
            )
        if not self._console.is_terminal:
            self._console.print(
                f"{dag_id:<16} {MARKS.get(state, state)} {time.monotonic() - self._began:6.1f} s"
            )

    def step(self, name: str, *, done: bool) -> None:
        """A task starts or ends."""
        if self._line is not None:
            self._bars.update(self._line, step=name, advance=1 if done else 0)

    def listener(self, failures: list[tuple[str, str, str]], skipped: set[str]) -> object:
        """An Airflow listener that moves the bars and notes what failed and why."""
        from airflow.listeners import hookimpl

        progress = self

        class Listener:
            @hookimpl
            def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
                progress.step(_name(task_instance), done=False)

            @hookimpl
            def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
                progress.step(_name(task_instance), done=True)

            @hookimpl
            def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
                skipped.add(task_instance.task_id)
                progress.step(_name(task_instance), done=True)

            @hookimpl
            def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
                if str(task_instance.state) == "up_for_retry":
                    progress.step(f"{_name(task_instance)}: tried again soon", done=False)
                    return
                first = str(error or "").strip().splitlines()[:1]
                said = f"{type(error).__name__}: {first[0]}" if first else "no reason given"
                failures.append((task_instance.dag_id, _name(task_instance), said))
                progress.step(_name(task_instance), done=True)

        return Listener()


def _name(task_instance: Any) -> str:
    """A task, and of a mapped one its file."""
    label = getattr(task_instance, "rendered_map_index", None)
    return f"{task_instance.task_id} {label}" if label else str(task_instance.task_id)
