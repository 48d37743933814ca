"""How data look on a map, whatever draws it: colours, line widths, scales; and the style sheets of vector tiles."""
