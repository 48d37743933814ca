"""Pure functions from a declaration to all that is derived from it; nothing here does I/O."""
