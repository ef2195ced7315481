"""Clients of FastRTC's wire, as the bench needs them: they send sound that they recognise again, and note when it comes back."""
