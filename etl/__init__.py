"""The life of a dataset: extract -> read -> load -> check -> publish -> prune, and the ledger of it all."""
