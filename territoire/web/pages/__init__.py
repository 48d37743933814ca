"""The HTML pages: pure functions of what is published, in French and English."""
