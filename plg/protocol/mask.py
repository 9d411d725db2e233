"""The header mask (SPEC section 9): hides the constant bytes of every datagram from simple signatures.

It is no protection against traffic analysis. The mask is one AES block (FIPS 197) over the 16 bytes that follow the header, as in QUIC's
header protection (RFC 9001, section 5.4); those bytes are ciphertext, a random nonce or a mac. It adds no byte.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from plg.protocol.constants import HEADER_LENGTH

_SAMPLE_END: Final = HEADER_LENGTH + 16
MIN_MASKED_LENGTH: Final = _SAMPLE_END


class HeaderMask:
    """Masks and unmasks (the same operation) the first 14 bytes under a relay's mask key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, used as a pseudo-random function

    def apply(self, datagram: bytes) -> bytes | None:
        """The datagram with its header masked, or None for one too short to hold the sample (never sent masked)."""
        if len(datagram) < MIN_MASKED_LENGTH:
            return None
        mask = self._encryptor.update(datagram[HEADER_LENGTH:_SAMPLE_END])
        head = int.from_bytes(datagram[:HEADER_LENGTH], "big") ^ int.from_bytes(mask[:HEADER_LENGTH], "big")
        return head.to_bytes(HEADER_LENGTH, "big") + datagram[HEADER_LENGTH:]
