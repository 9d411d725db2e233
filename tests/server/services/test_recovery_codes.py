"""Recovery codes: how they look, and what is kept of them. What they do is in test_totp."""

import re

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.account_safety import RecoveryCode
from plg_server.services.recovery_codes import code_hash, codes_left, end_codes, new_codes, use_code
from support.api_driver import ApiDriver, StartServer
from support.callers import signed_in_as


async def test_ten_codes_are_shown_once_kept_as_hashes_and_typed_as_people_read_them(start_server: StartServer) -> None:
    api: ApiDriver = await start_server(rate_limits_on=False)
    now = utc_now()
    ann, bob = (await signed_in_as(api)).account_id, (await signed_in_as(api)).account_id
    with api.app[app_keys.DATABASE].active():
        codes = await new_codes(ann, now)
        assert len(codes) == 10
        assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
        kept = {row.code_hash for row in await RecoveryCode.filter(account_id=ann)}
        assert kept == {code_hash(code.replace("-", "")) for code in codes}

        assert not await use_code(bob, codes[0], now)  # another account's is worth nothing
        spoken = codes[0].lower().replace("0", "o").replace("1", "l").replace("-", " ")
        assert await use_code(ann, spoken, now, really=False)
        assert await use_code(ann, spoken, now)
        assert not await use_code(ann, codes[0], now)
        assert await codes_left(ann) == 9
        await end_codes(ann)
        assert not await use_code(ann, codes[1], now)
