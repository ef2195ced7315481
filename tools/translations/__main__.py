"""`python -m tools.translations` checks the catalogues; with `--write` it updates them first."""

import sys

from tools.translations.catalogues import LANGUAGES, files, problems, read


def main() -> int:
    """Return 1 if a catalogue is not up to date or not complete."""
    wrong = []
    for language in LANGUAGES:
        for file, content in files(language):
            if "--write" in sys.argv:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            elif not file.exists() or file.read_bytes() != content:
                wrong.append(f"{file.name} ({language}) is not up to date: python -m tools.translations --write")
        for domain in ("django", "djangojs"):
            wrong += [f"{language}, {domain}: {problem}" for problem in problems(read(language, domain))]
    print("\n".join(wrong) or "The catalogues are complete.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
