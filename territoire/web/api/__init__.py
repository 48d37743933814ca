"""Our own routes of the OGC API: JSON documents, items, tiles."""
