"""/v1/me/totp and signing in with it."""

from support.api_driver import PASSWORD, ApiDriver, StartServer
from support.guarded_account import guarded_account


async def test_from_setting_up_over_signing_in_to_switching_off(api: ApiDriver) -> None:
    ann = await guarded_account(api)
    assert (await api.get("/v1/me/totp", ann.token)).json == {"on": False, "since": None, "recovery_codes_left": 0}
    codes = await ann.turn_on()
    status = (await api.get("/v1/me/totp", ann.token)).json
    assert (status["on"], status["recovery_codes_left"], len(codes)) == (True, 10, 10)

    needed = await ann.sign_in()
    assert (needed.status, needed.code) == (401, "totp_needed")
    # Who does not know the password does not hear of it.
    wrong = await api.post("/v1/auth/login", {"email": ann.email, "password": "wrong", "totp": await ann.code()})
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    code = await ann.code()
    assert (await ann.sign_in(totp=code)).status == 200
    again = await ann.sign_in(totp=code)
    assert (again.status, again.code) == (401, "totp_wrong")
    assert (await ann.sign_in(totp=codes[0])).status == 200
    assert (await ann.sign_in(totp=codes[0])).code == "totp_wrong"

    proof = {"password": PASSWORD, "totp": codes[1]}
    fresh = await api.post("/v1/me/totp/recovery-codes", proof, ann.token)
    assert (fresh.status, len(fresh.json["codes"])) == (200, 10)
    assert (await api.post("/v1/me/totp/off", {**proof, "totp": codes[2]}, ann.token)).code == "totp_wrong"
    off = {"password": PASSWORD, "totp": fresh.json["codes"][0]}
    assert (await api.post("/v1/me/totp/off", off, ann.token)).status == 204
    assert (await ann.sign_in()).status == 200


async def test_every_act_asks_for_the_password_first(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    assert (await api.post("/v1/me/totp", {"password": "wrong"}, ann.token)).code == "wrong_password"
    assert (await api.post("/v1/me/totp/confirm", {"code": "123456"}, ann.token)).code == "totp_off"
    await ann.turn_on()
    code = await ann.code()
    for act in ("off", "recovery-codes"):
        refused = await api.post(f"/v1/me/totp/{act}", {"password": "wrong", "totp": code}, ann.token)
        assert refused.code == "wrong_password"
    assert (await api.post("/v1/me/totp", {"password": PASSWORD}, ann.token)).code == "totp_on"
    assert (await ann.sign_in(totp=code)).status == 200  # the code was not used up by what was refused


async def test_a_code_without_a_second_factor_is_not_looked_at(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    ann = await guarded_account(api)
    assert (await ann.sign_in(totp="123456")).status == 200
    assert (await ann.sign_in(totp="")).status == 422
    assert (await ann.sign_in(totp="1" * 33)).status == 422
