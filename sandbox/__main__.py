"""`python -m sandbox`: the five servers by hand, until Ctrl-C, or until the process that started them is gone."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.faults import FaultError, Order
from sandbox.faults.by_hand import read_orders, table
from sandbox.server import PROVIDERS, Sandbox

PARENT_CHECK = 0.5  # seconds


def main(arguments: list[str] | None = None) -> int:
    """Run it. Gives the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list_faults:
        print(table())
        return 0
    try:
        orders = read_orders(options.fault, PROVIDERS)
    except FaultError as wrong:
        parser.error(str(wrong))
    try:
        asyncio.run(_serve(options, orders))
    except (OSError, RuntimeError) as trouble:
        print(f"sandbox: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass  # before or after the time in which signals are listened to
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Five workflow systems' APIs on loopback.")
    parser.add_argument("--seed", type=int, default=7, help="what data is made up (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8100, help="the first of five; 0: free ones (default: %(default)s)")
    parser.add_argument("--config", type=Path, metavar="DIR", help="write histograph.toml and the secrets there")
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the process that started this one is gone"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="PROVIDER=FAULT[:NAME=VALUE,…]", help="have it suffer from that"
    )
    parser.add_argument("--list-faults", action="store_true", help="print what providers may suffer from, and end")
    return parser


async def _serve(options: argparse.Namespace, orders: Mapping[str, Order]) -> None:
    parent = os.getppid()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    behind_tls = [provider for provider, order in orders.items() if order.fault.needs_https]
    async with Sandbox(seed=options.seed, host=options.host, port=options.port, tls=behind_tls) as sandbox:
        for provider, order in orders.items():
            await sandbox.order(provider, order)
        for source, settings in sandbox.sources.items():
            name = str(settings["provider"])
            print(f"  {source:<10} {name:<10} {settings['base_url']}  {_told(orders.get(name))}".rstrip())
        if sandbox.ca_bundle:
            print(f"\nTo trust what is behind TLS: SSL_CERT_FILE={sandbox.ca_bundle}")
        if options.config:
            path = sandbox.write_settings(options.config)
            print(f"\nSettings: {path}\nThe API on it: python app.py --config {path}")
        else:
            print("\nWith --config DIR it writes settings for the API: python app.py --config DIR/histograph.toml")
        print("sandbox ready", flush=True)
        watch = asyncio.create_task(_outlive(parent, over)) if options.with_parent else None
        await over.wait()
        if watch:
            watch.cancel()


def _told(order: Order | None) -> str:
    return f"{order.fault.name}: {order.fault.description}" if order else ""


async def _outlive(parent: int, over: asyncio.Event) -> None:
    """Set `over` once the parent is gone: a process without one is given to another."""
    while os.getppid() == parent:  # noqa: ASYNC110  (nothing tells of it but asking)
        await asyncio.sleep(PARENT_CHECK)
    over.set()


if __name__ == "__main__":
    sys.exit(main())
