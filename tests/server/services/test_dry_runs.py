"""A dry run does everything and leaves nothing."""

import pytest

from plg_server.models.accounts import Account
from plg_server.services.dry_runs import do_or_try
from support.api_driver import StartServer
from support.operator_world import bare_account, operator_world


@pytest.mark.parametrize(("dry_run", "left"), [(True, 0), (False, 1)])
async def test_the_outcome_is_the_same_and_only_the_real_one_leaves_something(
    start_server: StartServer, backend: dict[str, object], dry_run: bool, left: int
) -> None:
    world = await operator_world(start_server, backend)

    async def work() -> int:
        await bare_account("somebody@example.org")
        return await Account.filter(email="somebody@example.org").count()

    with world.active:
        assert await do_or_try(work, dry_run=dry_run) == 1
        assert await Account.filter(email="somebody@example.org").count() == left


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_failure_is_raised_and_leaves_nothing(start_server: StartServer, dry_run: bool) -> None:
    world = await operator_world(start_server)

    async def work() -> None:
        await bare_account("somebody@example.org")
        raise LookupError("no")

    with world.active:
        with pytest.raises(LookupError, match="no"):
            await do_or_try(work, dry_run=dry_run)
        assert not await Account.exists(email="somebody@example.org")
