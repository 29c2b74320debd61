"""`python -m focus.cli`."""

from focus.cli import main

if __name__ == "__main__":
    main()
