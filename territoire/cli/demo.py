"""`territoire demo`: the demo territory, loaded through the real ETL, and served in the foreground."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from territoire.cli import context, serve
from territoire.core import cluster, migrations, settings
from territoire.core.layers import Raster

app = typer.Typer(no_args_is_help=True)
#: The demo is what can be loaded from the files that come with the software.
_SHIPPED = "_demo/"


@app.command()
def load(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only how it ended")] = False,
) -> None:
    """Migrate, then load the demo datasets; what is already loaded is left as it is."""
    from territoire.cli import loading

    given = settings.load()
    urls = context.load_urls(given)
    migrations.migrate(urls.admin, report=context.say)
    found = context.load_registry()
    demo = [d for d in found.datasets.values() if d.source and all(s.address.startswith(_SHIPPED) for s in d.source)]
    drawn = [
        d for d in found.declarations.values() if isinstance(d, Raster) and (d.source.url or "").startswith(_SHIPPED)
    ]
    with context.loader(urls) as connection:
        loading.load(connection, found, [*demo, *drawn], given, sources=[], force=False, quiet=quiet)


@app.command()
def run(
    port: Annotated[int, typer.Option(help="Port to listen on")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
) -> None:
    """Load the demo and serve it until Ctrl-C; a cluster that this command started ends with it."""
    serve.check_port(host, port)
    given = settings.load()
    # uvicorn hands a signal on once it has stopped: as an exception, so that what follows here is done
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    private = None if given.database_url or given.reader_url else cluster.locate(given)
    began = cluster.ensure_started(private, report=context.say) if private else False
    try:
        load(quiet=False)
        serve.serve(host=host, port=port, workers=1)
    except KeyboardInterrupt:
        context.say("the server has ended")
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # a second one must not leave the database running
        if private and began:
            cluster.stop(private)
            context.say("the database is stopped")
