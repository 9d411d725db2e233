"""Taking out of a text what must not leave the machine: secrets, addresses, names; the same thing gets the same mask everywhere.

Two nets, one behind the other: what is known to be secret is looked for letter by letter, and everything that has the look of a secret
goes too. What is masked by mistake costs a question; what is not masked costs an account.
"""

import json
import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

SHORTEST_SECRET: Final = 5
"""Implementation. A shorter "secret" would be found in ordinary words."""
LONG_SEGMENT: Final = 16
"""Implementation. Parts of a web address' path from this length on may be keys: web hooks carry theirs there."""

LONG_PIECE: Final = 10
"""Implementation. Names of systems and files join short pieces; random letters have long runs, or capitals."""

PRIVATE_WORDS: Final = (
    r"[A-Za-z0-9_.-]*(?:token|passw|secret|api[-_]?key|mask_key|private[-_]?key|credential|cookie|authori[sz]ation|ticket|signature)"
    r"[A-Za-z0-9_.-]*|key|sign|pwd|psk|otp"
)
"""Names behind which stands nobody's business."""

_NAMED_SECRET: Final = re.compile(
    rf"""(?P<before>(?<![A-Za-z0-9])["']?(?P<name>{PRIVATE_WORDS})["']?\s*(?:[:=]|\s=>)\s*)"""
    r"""(?P<value>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|(?:(?:Bearer|Basic|Digest)\s+)?[^\s"',;&}\]]+)""",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"\b(?P<scheme>Bearer|Basic|Digest)\s+(?P<value>[A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
_OPTION: Final = re.compile(
    rf"(?P<before>--(?:{PRIVATE_WORDS})[ =]+)(?P<value>[^\s\"']+|\"[^\"\n]*\"|'[^'\n]*')", re.IGNORECASE
)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{3,}(?:\.[A-Za-z0-9_-]*)?")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)(?P<user>[^\s/@\"'<>]*@)?(?P<host>[^\s/?#\"'<>]*)(?P<rest>[^\s\"'<>]*)",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(
    r"[^\s\"'<>()\[\],;:@=/\\]{1,64}(?:@|%40|\\u0040)[^\s\"'<>()\[\],;:@=/\\]{1,190}\.[^\s\"'<>()\[\],;:@=/\\.]{2,24}",
    re.IGNORECASE,
)
_MAC: Final = re.compile(r"(?<![0-9A-Fa-f:.-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f:-])")
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)")
_DASHED_IPV4: Final = re.compile(r"(?<!\d)(?<!\d-)\d{1,3}(?:-\d{1,3}){3}(?!\d|-\d)")
_IPV6: Final = re.compile(
    r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:][0-9A-Fa-f:.]*(?:%[0-9A-Za-z._-]+)?"
)
_KEYLIKE: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{22,}={0,2}(?![A-Za-z0-9+/_=-])")
_MASK: Final = re.compile(
    r"<(?:secret|email|public-address|local-address|hardware-address|user|host|web-address)(?:-\d+)?>"
)


class Redactor:
    """Masks one thing by one name in everything that goes through it; `masked` counts what was taken out since it was last set to 0.

    `secrets` are known ones, `names` literal texts with the mask that takes their place (a user's name, the machine's).
    """

    def __init__(self, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None) -> None:
        self.masked = 0
        self._masks: dict[tuple[str, str], str] = {}
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = [(secret, "secret") for secret in known]
        self._names = sorted((names or {}).items(), key=lambda item: len(item[0]), reverse=True)

    def text(self, text: str) -> str:
        """Any text, line by line or whole."""
        for secret, kind in self._known:
            for form in {secret, json.dumps(secret)[1:-1]}:
                if form in text:
                    self.masked += text.count(form)
                    text = text.replace(form, self._mask(kind, secret))
        text = _PEM.sub(lambda found: self._hide("secret", found[0]), text)
        text = _NAMED_SECRET.sub(self._named, text)
        text = _OPTION.sub(self._named, text)
        text = _SCHEME.sub(lambda found: f"{found['scheme']} {self._hide('secret', found['value'])}", text)
        text = _JWT.sub(lambda found: self._hide("secret", found[0]), text)
        text = _URL.sub(self._url, text)
        text = _EMAIL.sub(lambda found: self._hide("email", found[0].lower()), text)
        text = _MAC.sub(lambda found: self._hide("hardware-address", found[0].lower()), text)
        text = _IPV6.sub(self._ipv6, text)
        text = _IPV4.sub(lambda found: self._ipv4(found[0], found[0]), text)
        text = _DASHED_IPV4.sub(lambda found: self._ipv4(found[0], found[0].replace("-", ".")), text)
        text = _KEYLIKE.sub(self._keylike, text)
        for name, mask in self._names:
            pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
            text, count = pattern.subn(mask.replace("\\", r"\\"), text)
            self.masked += count
        return text

    def json(self, content: str) -> str:
        """A JSON text: every string in it, whatever escapes it is written with. Text that is no JSON is taken as text."""
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return self.text(content)
        return json.dumps(self._value(document), ensure_ascii=True, indent=1)

    def _value(self, value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {self.text(str(key)): self._value(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner, name) for inner in value]
        if isinstance(value, str):
            is_secret = value and re.fullmatch(PRIVATE_WORDS, name, re.IGNORECASE)
            return self._hide("secret", value) if is_secret else self.text(value)
        return value

    def _named(self, found: "re.Match[str]") -> str:
        value = found["value"]
        quote = value[0] if value[:1] in {'"', "'"} else ""
        bare = value.strip(quote) if quote else value
        if not bare or _MASK.fullmatch(bare) or bare in {"null", "true", "false", "None", "{", "["}:
            return found[0]
        if bare.isdecimal() and len(bare) < SHORTEST_SECRET:
            return found[0]  # "token_age_min": 5
        return f"{found['before']}{quote}{self._hide('secret', bare)}{quote}"

    def _url(self, found: "re.Match[str]") -> str:
        user = f"{self._hide('secret', found['user'][:-1])}@" if found["user"] else ""
        path, mark, query = (
            re.split(r"([?#])", found["rest"], maxsplit=1)
            if re.search(r"[?#]", found["rest"])
            else (found["rest"], "", "")
        )
        segments = [
            self._hide("secret", part) if len(part) >= LONG_SEGMENT and not _MASK.search(part) else part
            for part in path.split("/")
        ]
        if query and not _MASK.fullmatch(query):
            query = self._hide("secret", query)
        return f"{found['scheme']}{user}{found['host']}{'/'.join(segments)}{mark}{query}"

    def _ipv4(self, shown: str, text: str) -> str:
        try:
            return self._address(ip_address(text), shown)
        except ValueError:
            return shown

    def _ipv6(self, found: "re.Match[str]") -> str:
        shown = found[0]
        bare = shown.partition("%")[0]
        for tail in range(3):  # ends of sentences and of "address:" are not part of it
            core = bare[: len(bare) - tail]
            if tail and bare[len(core)] not in ".:":
                break
            try:
                address = ip_address(core)
            except ValueError:
                continue
            return self._address(address, core) + bare[len(core) :]
        return shown

    def _address(self, address: IPv4Address | IPv6Address, shown: str) -> str:
        if isinstance(address, IPv6Address):
            inner = address.ipv4_mapped or address.sixtofour
            if inner is not None:
                address = inner
        if address.is_global:
            return self._hide("public-address", str(address))
        if isinstance(address, IPv6Address) and not (address.is_loopback or address.is_unspecified):
            return self._hide("local-address", str(address))  # its last half may be the hardware's address
        return shown

    def _keylike(self, found: "re.Match[str]") -> str:
        """Long runs of letters and digits in no language: keys in hexadecimal or base64, session ids."""
        word = found[0]
        digits = sum(letter.isdigit() for letter in word)
        mixed = any(letter.isupper() for letter in word) and any(letter.islower() for letter in word)
        if "/" in word and digits < 4:
            return word  # a path
        if not any(letter.isupper() for letter in word) and max(map(len, re.split(r"[-_/+]", word))) < LONG_PIECE:
            return word  # the name of a system or of a file
        if digits >= 3 or (mixed and (digits or len(word) >= 40)):
            return self._hide("secret", word)
        return word

    def _hide(self, kind: str, what: str) -> str:
        self.masked += 1
        return self._mask(kind, what)

    def _mask(self, kind: str, what: str) -> str:
        number = sum(1 for known, _ in self._masks if known == kind) + 1
        return self._masks.setdefault((kind, what), f"<{kind}-{number}>")
