"""CQL2 (OGC 21-065r2): a filter's text or JSON becomes a bounded tree, and the tree becomes SQL with bound values."""
