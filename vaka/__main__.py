"""`python -m vaka` is the same as `vaka`."""

from vaka.cli import main

main()
