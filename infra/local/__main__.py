"""`python -m infra.local`: what `make` calls. Each command prints what a person needs next and nothing else."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from . import aws, deploy, emulator, localstack, paths
from .deploy import DeployError
from .emulator import EmulatorError
from .render import RenderError


def main() -> int:
    """Runs one command. 0 done, 1 refused or failed with a reason, 2 wrong usage."""
    options = _parser().parse_args()
    try:
        return options.run(options) or 0
    except (DeployError, EmulatorError, RenderError) as error:
        print(f"{error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SLUICE_PORT", emulator.DEFAULT_PORT)))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the emulator and deploy the stack")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="stop the emulator")
    down.set_defaults(run=_down)
    environment = commands.add_parser("env", help="print the variables that point an AWS client at the emulator")
    environment.set_defaults(run=_environment)
    demo = commands.add_parser("demo", help="run the pipeline on real and synthetic tables and show it")
    demo.add_argument("--keep", action="store_true", help="leave the emulator running")
    demo.set_defaults(run=_demo)
    strict = commands.add_parser("localstack", help="run a command with LocalStack up")
    strict.add_argument("command", nargs="+")
    strict.set_defaults(run=lambda options: localstack.run(options.command))
    ship = commands.add_parser("deploy", help="deploy the stack on AWS")
    ship.add_argument("--stack", default=deploy.STACK)
    ship.add_argument("--architecture", default="arm64", choices=["arm64", "x86_64"])
    ship.add_argument("--template", type=Path, default=paths.TEMPLATE)
    ship.set_defaults(run=lambda options: aws.deploy(options.stack, options.architecture, options.template))
    destroy = commands.add_parser("destroy", help="delete the stack on AWS; buckets and keys stay")
    destroy.add_argument("--stack", default=deploy.STACK)
    destroy.set_defaults(run=lambda options: aws.destroy(options.stack))
    return parser


def _up(options: argparse.Namespace) -> None:
    running = emulator.start(options.port)
    for name, value in sorted(deploy.to_emulator(running).items()):
        print(f"{name}={value}")


def _down(options: argparse.Namespace) -> None:
    print("stopped" if emulator.stop(options.port) else "nothing was running")


def _environment(options: argparse.Namespace) -> None:
    for name, value in emulator.describe(options.port).environment().items():
        print(f"export {name}={shlex.quote(value)}")


def _demo(options: argparse.Namespace) -> int:
    from . import demo

    return demo.run(options.port, keep=options.keep)


if __name__ == "__main__":
    sys.exit(main())
