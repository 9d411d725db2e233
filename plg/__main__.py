"""`python -m plg` is `plg`."""

from plg.cli.root import main

if __name__ == "__main__":
    main()
