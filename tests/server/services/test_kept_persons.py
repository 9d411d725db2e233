"""What is remembered of somebody who deleted their account."""

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.billing import TrialTaken
from plg_server.services.kept_persons import KeptPersons
from plg_server.services.subscriptions import person_key
from support.api_driver import StartServer

PERSON = person_key("Ann.Smith+plg@example.org")


def test_the_key_cannot_be_made_without_the_server_s_secret() -> None:
    kept = KeptPersons(b"a server secret of 32 characters")
    assert len(kept.key(PERSON)) == 64
    assert kept.key(PERSON) == KeptPersons(b"a server secret of 32 characters").key(PERSON)
    assert kept.key(PERSON) not in (PERSON, KeptPersons(b"another secret of 32 characters!").key(PERSON))


async def test_a_trial_is_remembered_by_the_key_alone(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    kept = api.app[app_keys.KEPT_PERSONS]
    with api.app[app_keys.DATABASE].active():
        assert not await kept.keep("nobody")
        for account_ref in ("a1", "a2"):  # the same person again, on an account made while an older server ran
            await TrialTaken.create(id=PERSON, account_ref=account_ref, taken_at=utc_now())
            assert await kept.keep(account_ref)
            assert await kept.had_trial(PERSON)
            assert [row.id for row in await TrialTaken.all()] == [kept.key(PERSON)]
        assert not await kept.had_trial(person_key("bob@example.org"))
