"""`territoire worker`: does the jobs that visitors hand in."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from territoire.cli import context
from territoire.core import jobs, settings


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at the same time")] = 2,
    stalled_after: Annotated[
        float, typer.Option(min=1, help="Seconds without a sign of life after which others take a worker's jobs up")
    ] = 20.0,
    stop_after: Annotated[
        float, typer.Option(min=0, help="Seconds that jobs have to end on SIGTERM before they go back into the queue")
    ] = 15.0,
) -> None:
    """Do jobs of OGC API Processes until SIGINT or SIGTERM; any number of workers, on any number of machines.

    A job is what a visitor hands in with `Prefer: respond-async`:
    `territoire serve` puts it into the database, a worker takes it, and who
    has its number asks /ogc/jobs/NUMBER how it goes. A worker needs the
    database (TERRITOIRE_LOADER_URL, where it is not the private one) and the
    way to the Géoplateforme; it serves nothing itself.

    Killed, its jobs are taken up by another one; a database that restarts is
    waited for; a job whose service is away is put off, and goes on where it
    was. The log, on stderr, has a line for each thing that a job does.

    Try it: `territoire demo load`, `territoire worker` in one terminal,
    `territoire serve` in another, and the program "curl, respond-async" of
    the page /ogc/processes/geocode.
    """
    from providers.processes import catalogue

    given = settings.load()
    urls = context.load_urls(given)
    context.loader(urls).close()  # says what is missing, before the first job
    with catalogue.Workshop(given, patience_s=120.0) as workshop:
        asyncio.run(
            jobs.run_worker(
                urls.loader,
                workshop.execute,
                concurrency=concurrency,
                stalled_after_s=stalled_after,
                stop_after_s=stop_after,
            )
        )
