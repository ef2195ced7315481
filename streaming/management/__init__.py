"""The commands `stream` and `getmodel`, and the terminal client behind `stream`."""
