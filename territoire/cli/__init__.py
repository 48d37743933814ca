"""The command line `territoire`: the roof, where everything is assembled."""
