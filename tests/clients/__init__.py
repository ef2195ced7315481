"""Published SDKs, unmodified, with a real server: change one URL and the code runs again (docs/guide/from-symbl.md)."""
