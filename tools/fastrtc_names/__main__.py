"""`python -m tools.fastrtc_names [--write]`: check the table of FastRTC's names in docs/reference/fastrtc.md, or write it."""

import os
import sys

import django


def main() -> int:
    """Return 1 if the facts do not agree with the code, or the page is not up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from tools.fastrtc_names.names_table import PAGE, page, problems

    wrong = list(problems())
    text = PAGE.read_text(encoding="utf-8")
    if not wrong and "--write" in sys.argv:
        PAGE.write_text(page(text), encoding="utf-8")
    elif not wrong and page(text) != text:
        wrong = ["docs/reference/fastrtc.md is not up to date: python -m tools.fastrtc_names --write"]
    sys.stdout.write("\n".join(wrong or ["The table is complete."]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
