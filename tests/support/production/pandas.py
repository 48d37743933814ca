"""Stands before the package in the commands that tests start: a product that is installed has no pandas."""

raise ImportError("pandas is there for tests only")
