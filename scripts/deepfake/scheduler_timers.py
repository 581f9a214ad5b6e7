"""Snakemake's scheduler, woken by one timer at a time: its own leave a thread for each job that has ended.

After each look at the jobs that are ready, Snakemake starts a timer for the next look, a second later
(`max-jobs-per-timespan`). The end of a job makes it look, too, and so begins a further row of timers, which
goes on for as long as jobs are waiting. After a thousand jobs it looks a thousand times a second, and each
time asks for the sizes of all waiting jobs' files: a core of a laptop, or of a cluster's login node, is lost.
And its end waits for the timers: up to a second of each short run.
"""

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.scheduling.job_scheduler import JobScheduler

METHOD = "_schedule_reevalutation"  # with Snakemake's own spelling


def limit_timers() -> None:
    """Let each of Snakemake's schedulers have one timer at a time; without the method it is left alone."""
    from snakemake.scheduling.job_scheduler import JobScheduler  # it loads all plugins

    if hasattr(JobScheduler, METHOD):
        setattr(JobScheduler, METHOD, _wake_later)


def _wake_later(scheduler: "JobScheduler", delay: float) -> None:
    """Have a scheduler look at its jobs after `delay` seconds, unless it is going to before that."""
    due = time.monotonic() + delay
    if getattr(scheduler, "next_look", math.inf) <= due:
        return
    scheduler.next_look = due

    def look() -> None:
        scheduler.next_look = math.inf
        scheduler._open_jobs.release()

    timer = threading.Timer(delay, look)
    timer.daemon = True  # no program waits for it at its end
    timer.start()
