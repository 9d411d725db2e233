"""What a payment provider is to the rest of the server, and what it may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class FactKind(StrEnum):
    """What became of some money."""

    PAID = "paid"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"


@dataclass(frozen=True)
class PaymentFact:
    """One thing that a provider says and that can be believed: its signature was good, or we asked it ourselves.

    `external_id` names the payment and is the same in everything that is said of it. `code` or `number` names the checkout;
    without both it is looked for in `comment`. Amounts are minor units.
    """

    provider: str
    external_id: str
    kind: FactKind
    amount_minor: int
    currency: str
    at: datetime
    code: str | None = None
    number: int | None = None
    comment: str = ""
    refunded_minor: int | None = None
    """Of a refund: how much went back in all; None means everything."""


@dataclass(frozen=True)
class Order:
    """What somebody wants to pay."""

    code: str
    number: int
    plan_name: str
    amount_minor: int
    currency: str
    expires_at: datetime


@dataclass(frozen=True)
class Notice:
    """An unasked message as it came. Header names are in lower case."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Noticed:
    """What a good notice said, and the text that the provider wants to read as an answer."""

    facts: tuple[PaymentFact, ...] = ()
    poll_now: bool = False
    answer: str = "OK"


@dataclass(frozen=True)
class PollResult:
    """What a provider's list said, and the mark to go on from."""

    facts: tuple[PaymentFact, ...]
    position: str


class NoticeRefused(Exception):
    """The notice is not the provider's, or not for us. The text is for our log, never for the caller."""


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as it should. The text holds no secret."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class PaymentProvider(Protocol):
    """One way to pay."""

    @property
    def name(self) -> str:
        """As in addresses and in the ledger."""

    @property
    def currencies(self) -> tuple[str, ...]:
        """The first one is the default."""

    @property
    def code_in_comment(self) -> bool:
        """Whether the payer has to write the code into the comment."""

    @property
    def checkout_lifetime(self) -> timedelta:
        """How long a payment made with this link is in time."""

    async def link(self, order: Order) -> str:
        """Where to pay. Raises ProviderUnavailable."""

    def read_notice(self, notice: Notice, now: datetime) -> Noticed:
        """Check and read a notice. Raises NoticeRefused."""


class PolledProvider(PaymentProvider, Protocol):
    """A provider whose list is asked, because its notices prove nothing."""

    async def poll(self, position: str, now: datetime) -> PollResult:
        """Read the list from this mark on ("" the first time). Raises ProviderUnavailable."""
