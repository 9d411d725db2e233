"""What `plg plan`, `plg redeem` and `plg pay` print with `--json`."""

from plg.contract.billing import Checkout, PlanOffer, ProviderOffer, Redeemed, ReferralReport, Subscription
from plg.contract.cli_output import Document


class PlanDocument(Document, frozen=True, kw_only=True):
    """`plg plan`, `plg plan trial`, `plg plan cancel`: the subscription as it is now, and what else may be had."""

    subscription: Subscription
    plans: list[PlanOffer]
    providers: list[ProviderOffer]
    schema: str = "plg.plan/1"


class ReferralDocument(Document, frozen=True, kw_only=True):
    """`plg plan referral`."""

    referral: ReferralReport
    schema: str = "plg.referral/1"


class RedeemDocument(Document, frozen=True, kw_only=True):
    """`plg redeem`."""

    redeemed: Redeemed
    schema: str = "plg.redeem/1"


class PayDocument(Document, frozen=True, kw_only=True):
    """`plg pay`: nothing is paid yet, the link leads to the payment provider."""

    checkout: Checkout
    schema: str = "plg.pay/1"
