"""`python -m opinion_warehouse` is the command `opinion`."""

from opinion_warehouse.cli import main

if __name__ == "__main__":
    main()
