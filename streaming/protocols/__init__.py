"""Protocol cores without I/O: text and bytes to typed messages and back; no Django."""
