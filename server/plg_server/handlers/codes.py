"""/v1/codes and /v1/referral."""

from aiohttp import web

from plg.contract.billing import Redeemed, RedeemRequest, ReferralReport
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route
from plg_server.services.referrals import referral_report


@route(
    "POST",
    "/v1/codes/redeem",
    body=RedeemRequest,
    answer=Redeemed,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.BILLING_OFF, ErrorCode.CODE_REFUSED, ErrorCode.CODE_USED, ErrorCode.STORE_UNAVAILABLE),
)
async def redeem(request: web.Request, body: RedeemRequest) -> Redeemed:
    """Use a promo, gift or referral code."""
    return await request.app[app_keys.CODES].redeem(request[app_keys.IDENTITY].account_id, body.code)


@route(
    "GET",
    "/v1/referral",
    answer=ReferralReport,
    auth=Auth.ACCOUNT,
    limit=Limit.READ,
    errors=(ErrorCode.BILLING_OFF,),
)
async def referral(request: web.Request) -> ReferralReport:
    """The caller's own referral code and what it earned."""
    request.app[app_keys.SUBSCRIPTIONS].refuse_when_off()
    return await referral_report(request[app_keys.IDENTITY].account_id, request.app[app_keys.CLOCK]())


ROUTES = (redeem, referral)
