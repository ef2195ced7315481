"""One module per scenario; each has `measure(server, sizes, say) -> Result`."""
