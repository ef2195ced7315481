"""The table of FastRTC's names in `docs/reference/fastrtc.md`, made from `facts.json` and from the names that are here."""
