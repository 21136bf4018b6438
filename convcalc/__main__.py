"""``python -m convcalc``."""

from convcalc.cli.app import main

if __name__ == "__main__":
    main()
