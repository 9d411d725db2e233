"""Finds games by what people type: slugs, names and aliases, beginnings, parts, slips of the finger, the wrong keyboard layout,
Russian in Latin letters and the other way round.

Ranking is by tiers (exact, beginning, beginning of a word, part, typing error); inside a tier popular games come first.
"""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from rapidfuzz import process
from rapidfuzz.distance import OSA

from plg_server.services.game_catalog import GameCatalog, GameProfile

MAX_QUERY_LENGTH = 64
"""Characters; the longest name in the catalogue has half of it. What is beyond is cut before any work is done."""

TYPO_CUTOFF = 0.66
"""Optimal string alignment similarity: one slip in three letters. Lower, and every short word is near every other."""

NEAREST_CUTOFF = 0.4
"""For "did you mean": a weak guess is still better than none, and it is only shown."""

_ENGLISH = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
_TO_RUSSIAN = str.maketrans(_ENGLISH, _RUSSIAN)
_TO_ENGLISH = str.maketrans(_RUSSIAN, _ENGLISH)

_LATIN_OF = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziyklmnoprstufhye", strict=True)),
        "ё": "e",
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sch",
        "ъ": "",
        "ь": "",
        "ю": "yu",
        "я": "ya",
    }
)


class _Tier(IntEnum):
    """How a game was found, best first."""

    SLUG = 0
    EXACT = 1
    BEGINNING = 2
    WORD_BEGINNING = 3
    PART = 4
    TYPO = 5


@dataclass(frozen=True, slots=True)
class _Key:
    """One text by which a game may be found, in plain form (words) and compact form (no spaces)."""

    plain: str
    compact: str
    game: int


class GameSearch:
    """An index over one catalogue."""

    def __init__(self, catalog: GameCatalog) -> None:
        self._fill(catalog)

    def adopt(self, other: "GameSearch") -> None:
        """Become the same as another one: whoever holds this index searches the other's games from now on."""
        self.__dict__.update(other.__dict__)

    def _fill(self, catalog: GameCatalog) -> None:
        self._games = catalog.profiles
        keys: dict[tuple[str, int], _Key] = {}
        words: dict[tuple[str, int], None] = {}
        self._slugs: dict[str, int] = {}
        for number, game in enumerate(self._games):
            self._slugs[game.slug] = number
            for text in (game.slug, game.detail.name, *game.detail.aliases):
                plain = _plain(text)
                for form in {plain, plain.translate(_LATIN_OF)}:
                    keys[form, number] = _Key(form, form.replace(" ", ""), number)
                    words |= {(word, number): None for word in form.split() if len(word) >= 4}
        self._keys = list(keys.values())
        self._fuzzy_texts = [key.compact for key in self._keys] + [word for word, _ in words]
        self._fuzzy_games = [key.game for key in self._keys] + [number for _, number in words]

    def search(self, query: str, category: str | None = None) -> list[GameProfile]:
        """Games that match, best first; every game, by slug, when the query holds no letter or digit."""
        if not query.strip():
            found = list(self._games)
        else:
            tiers = self._matches(query)
            found = [self._games[number] for number in sorted(tiers, key=lambda number: (tiers[number], number))]
        return [game for game in found if category is None or game.detail.category == category]

    def nearest(self, query: str, limit: int = 3) -> list[str]:
        """Slugs of what may have been meant, best first; at most `limit`."""
        found = [game.slug for game in self.search(query)] if query.strip() else []
        if len(found) < limit:
            scores = self._typos(_forms(query), NEAREST_CUTOFF)
            weaker = sorted(scores, key=lambda number: (-scores[number], number))
            found += [slug for slug in (self._games[number].slug for number in weaker) if slug not in found]
        return found[:limit]

    def _matches(self, query: str) -> dict[int, tuple[int, float, int, int]]:
        forms = _forms(query)
        ranks: dict[int, tuple[int, float, int, int]] = {}
        for penalty, form in enumerate(forms):
            self._direct(form, penalty, ranks)
        exact = any(rank[0] <= _Tier.EXACT for rank in ranks.values())
        if len(ranks) < 3 and not exact:
            for number, similarity in self._typos(forms, TYPO_CUTOFF).items():
                if number not in ranks:
                    ranks[number] = (_Tier.TYPO, -similarity, 0, self._unpopular(number))
        return ranks

    def _direct(self, form: str, penalty: int, ranks: dict[int, tuple[int, float, int, int]]) -> None:
        compact = form.replace(" ", "")
        if not compact:
            return
        word_start = f" {form}"
        for key in self._keys:
            # Every match contains the compact form: one test in C sends most keys away.
            if compact not in key.compact:
                continue
            if compact == key.compact:
                tier = _Tier.SLUG if self._slugs.get(form.replace(" ", "-")) == key.game else _Tier.EXACT
            elif key.compact.startswith(compact):
                tier = _Tier.BEGINNING
            elif word_start in key.plain:
                tier = _Tier.WORD_BEGINNING
            elif len(compact) >= 2:
                tier = _Tier.PART
            else:
                continue
            rank = (tier, penalty, self._unpopular(key.game), len(key.compact))
            if key.game not in ranks or rank < ranks[key.game]:
                ranks[key.game] = rank

    def _typos(self, forms: list[str], cutoff: float) -> dict[int, float]:
        scores: dict[int, float] = {}
        for form in forms:
            compact = form.replace(" ", "")
            if len(compact) < 3:
                continue
            # Deliberately without a limit: the texts of one game may fill any list of best ones.
            for _, similarity, at in process.extract(
                compact, self._fuzzy_texts, scorer=OSA.normalized_similarity, score_cutoff=cutoff, limit=None
            ):
                number = self._fuzzy_games[at]
                scores[number] = max(similarity, scores.get(number, 0.0))
        return scores

    def _unpopular(self, number: int) -> int:
        return 0 if self._games[number].detail.badge == "popular" else 1


def _plain(text: str) -> str:
    """Lower case, without accents, only letters and digits, words parted by single spaces."""
    folded = unicodedata.normalize("NFKD", text.casefold()).replace("и\u0306", "й")
    letters = "".join(c if c.isalnum() else "" if unicodedata.combining(c) or c in "'’" else " " for c in folded)
    return " ".join(letters.split())


def _forms(query: str) -> list[str]:
    """What the query may stand for, most likely first: itself, the other alphabet, the other keyboard layout."""
    typed = query[:MAX_QUERY_LENGTH].casefold()
    forms = [_plain(typed)]
    forms.append(forms[0].translate(_LATIN_OF))
    cyrillic = any("а" <= character <= "я" or character == "ё" for character in typed)
    swapped = _plain(typed.translate(_TO_ENGLISH if cyrillic else _TO_RUSSIAN))
    forms += [swapped, swapped.translate(_LATIN_OF)]
    return [form for form in dict.fromkeys(forms) if form]
