"""Proof that a form came from a page of ours: a token bound to the cookie of the browser that it was made for."""

import hashlib
import hmac


class FormTokens:
    """Makes and checks tokens. Replicas have the same secret, so any of them takes any form."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"plg pages: form tokens", hashlib.sha256)

    def token(self, binding: str) -> str:
        """The token for the browser with this cookie."""
        return hmac.new(self._key, _bytes(binding), hashlib.sha256).hexdigest()

    def is_right(self, binding: str, token: str) -> bool:
        """Compared in constant time; a browser without a cookie has no right token."""
        return bool(binding) and hmac.compare_digest(_bytes(self.token(binding)), _bytes(token))


def _bytes(text: str) -> bytes:
    """Headers that are not UTF-8 reach us with lone surrogates in them."""
    return text.encode(errors="surrogatepass")
