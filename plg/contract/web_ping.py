"""Where browsers may measure their round trip to a relay: the form of that address, without any library."""

WEB_PING_URL = r"^https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?/ping$(?!\n)"
"""A name or an IPv4 address in small letters: browsers' security policies know no other hosts, and nothing else fits into one."""

WEB_PING_URL_CHARS = 255


def origin_of(url: str) -> str:
    """What a page's security policy has to allow for this address: "https://relay1.example:8444"."""
    return url.removesuffix("/ping")
