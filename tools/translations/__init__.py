"""Extracts the texts of templates, Python and scripts, and keeps the catalogues in `locale/` (docs/develop/translating.md)."""
