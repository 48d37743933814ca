"""What a dataset is, and what every floor stands on; knows no floor above it."""
