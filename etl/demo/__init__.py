"""The demo territory's data file, and the script that rebuilds it."""
