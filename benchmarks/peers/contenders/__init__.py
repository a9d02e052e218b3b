"""One module for each contender, run by `peers.worker` with a Python that has its packages."""
