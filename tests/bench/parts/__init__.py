"""One file per question; each has `measure(server, sizes, say) -> Result`."""
