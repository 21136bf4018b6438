"""The program, ``convcalc`` or ``python -m convcalc``: until there is something to put right, Ctrl-C just ends it."""

import signal


def main() -> None:
    """Run the command line; what is imported takes long enough to be stopped meanwhile."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # what is ignored, as in the background, stays so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from convcalc.cli.app import main

    main()


if __name__ == "__main__":
    main()
