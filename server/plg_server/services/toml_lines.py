"""Finds the line of a TOML value again: tomllib tells positions of syntax errors only, operators need them for values too."""

import re


class TomlLines:
    """One document's lines. A span is a range of 1-based line numbers; searches stay inside it."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self._lines = text.split("\n")
        self._starts: dict[str, list[int]] = {}

    @property
    def last(self) -> int:
        return len(self._lines)

    @property
    def whole(self) -> range:
        return range(1, len(self._lines) + 1)

    def span(self, table: str, index: int) -> range:
        """Lines of the index-th [[table]], its sub-tables included; the whole file when it was written another way."""
        starts = self._starts.get(table)
        if starts is None:
            header = re.compile(rf"^\s*\[\[\s*\"?{re.escape(table)}\"?\s*\]\]")
            starts = self._starts[table] = [n for n, line in enumerate(self._lines, 1) if header.match(line)]
        if index >= len(starts):
            return self.whole
        for number in range(starts[index] + 1, len(self._lines) + 1):
            if _TOP_HEADER.match(self._lines[number - 1]):
                return range(starts[index], number)
        return range(starts[index], len(self._lines) + 1)

    def of(self, span: range, *needles: str) -> int:
        """First line that holds a needle, tried in order; the span's first line when none does."""
        for needle in needles:
            for number in span:
                if needle in self._lines[number - 1]:
                    return number
        return span.start

    def of_key(self, span: range, key: str) -> int:
        """First line where the key is set or a table of that name begins; the span's first line when there is none."""
        name = re.escape(key)
        pattern = re.compile(rf"(?:^|[{{,])\s*[\"']?{name}[\"']?\s*=|^\s*\[\[?[^\]]*\b{name}[\"']?\s*\]")
        for number in span:
            if pattern.search(self._lines[number - 1]):
                return number
        return span.start


_TOP_HEADER = re.compile(r"^\s*\[\[?\s*[\"']?[A-Za-z0-9_-]+[\"']?\s*\]")
