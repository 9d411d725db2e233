"""The texts of `plg help`."""

from plg.cli.exit_codes import ExitCode
from plg.cli.help_topics import TOPICS, topic_text
from plg.cli.settings import KEYS


def test_every_exit_code_is_in_the_topic() -> None:
    numbers = [int(line.split()[0]) for line in topic_text("exit-codes").splitlines()]
    assert numbers == [code.value for code in ExitCode]


def test_every_setting_is_in_the_topic() -> None:
    text = topic_text("environment")
    assert all(key in text and variable in text for key, variable in KEYS.items())
    assert "NO_COLOR" in text
    assert {"PLG_SERVER_*", "PLG_RELAY_*", "PLG_ENROL_TOKEN", "PLG_RUNTIME_DIR"} <= set(text.replace(",", " ").split())


def test_every_topic_fits_a_terminal() -> None:
    assert {topic for topic in TOPICS if max(map(len, topic_text(topic).splitlines())) > 100} == set()
