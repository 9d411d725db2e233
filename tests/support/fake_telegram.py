"""The Bot API as core.telegram.org/bots/api documents it, on this machine: for one bot, strict, and with a memory.

A request that Telegram would refuse is refused in the same words and remembered in `refused`, so that a test sees a wrong message. It
knows nothing of the library that the bot is written with.
"""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

TOKEN = "123456789:" + "AAfakeTokenOfTheBotForTests_-" + "x" * 6
BOT_NAME = "plg_test_bot"
BOT_ID = 123456789

ALLOWED_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler"}
)
NAMED_ENTITIES = frozenset({"lt", "gt", "amp", "quot"})
"""All others must be numbers ("HTML style")."""

MOST_TEXT = 4096
LONGEST_POLL_S = 50.0


class Refusal(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Person:
    """Somebody with a private chat; the chat's number is theirs."""

    id: int
    language: str = "en"
    first_name: str = "Ann"
    has_blocked: bool = False

    @property
    def user(self) -> dict[str, Any]:
        """A User."""
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, "language_code": self.language}

    @property
    def chat(self) -> dict[str, Any]:
        """A Chat."""
        return {"id": self.id, "type": "private", "first_name": self.first_name}


@dataclass
class Sent:
    """A message of the bot, as it stands in the chat now."""

    chat_id: int
    message_id: int
    text: str
    buttons: list[list[dict[str, Any]]]
    edits: int = 0

    @property
    def plain(self) -> str:
        """What is read."""
        return html.unescape(re.sub(r"<[^>]*>", "", self.text))

    @property
    def labels(self) -> list[str]:
        """The buttons' texts."""
        return [button["text"] for row in self.buttons for button in row]

    def data(self, label: str) -> str:
        """What the button with this text sends back."""
        return str(next(button["callback_data"] for row in self.buttons for button in row if label in button["text"]))

    def url(self) -> str:
        """The first button's address."""
        return str(next(button["url"] for row in self.buttons for button in row if "url" in button))


@dataclass
class FakeTelegram:
    """Made by `fake_telegram`."""

    url: str = ""
    people: dict[int, Person] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    webhook: dict[str, Any] | None = None
    troubles: dict[str, list[Refusal]] = field(default_factory=dict)
    """What the next calls of a method are refused with, used up in order."""
    polled: list[int | None] = field(default_factory=list)
    """The offsets that updates were asked for with."""
    pending: list[dict[str, Any]] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    wanted: list[str] | None = None
    _numbers: int = 1000
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _poller: int = 0

    def app(self) -> web.Application:
        """What answers."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self.call)
        return app

    def person(self, number: int, **facts: Any) -> Person:
        """Somebody who pressed Start."""
        self.people[number] = Person(number, **facts)
        return self.people[number]

    def write(self, person: Person, text: str, chat: Mapping[str, Any] | None = None) -> int:
        """A message to the bot; the update's number."""
        message: dict[str, Any] = {
            "message_id": self._next(),
            "date": 1_790_000_000,
            "from": person.user,
            "chat": chat or person.chat,
            "text": text,
        }
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0].encode("utf-16-le")) // 2
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self.update({"message": message})

    def press(self, person: Person, message: Sent, data: str) -> int:
        """A button under a message of the bot."""
        shown = {
            "message_id": message.message_id,
            "date": 1_790_000_000,
            "chat": person.chat,
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "PLG"},
            "text": message.plain,
        }
        query = {"id": str(self._next()), "from": person.user, "chat_instance": "1", "message": shown, "data": data}
        return self.update({"callback_query": query})

    def member(self, person: Person, status: str) -> int:
        """The person blocked the bot ("kicked") or let it in again ("member")."""
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "PLG"}
        old = {"user": bot, "status": "member"}
        new: dict[str, Any] = {"user": bot, "status": status}
        if status == "kicked":
            new["until_date"] = 0
        return self.update(
            {
                "my_chat_member": {
                    "chat": person.chat,
                    "from": person.user,
                    "date": 1_790_000_000,
                    "old_chat_member": old,
                    "new_chat_member": new,
                }
            }
        )

    def update(self, content: Mapping[str, Any]) -> int:
        """Any update."""
        number = self._next()
        self.pending.append({"update_id": number, **content})
        self._changed.set()
        return number

    def told(self, person: Person) -> list[Sent]:
        """What the bot said to somebody."""
        return [message for message in self.sent if message.chat_id == person.id]

    def last(self, person: Person) -> Sent:
        """The newest of it."""
        return self.told(person)[-1]

    async def bring(self, update: Mapping[str, Any], secret: str | None = None) -> int:
        """Bring an update to the webhook, as Telegram does; the status of the answer."""
        assert self.webhook is not None
        given = self.webhook["secret_token"] if secret is None else secret
        headers = {"X-Telegram-Bot-Api-Secret-Token": given} if given else {}
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.webhook["url"], json=update, headers=headers) as answer,
        ):
            return answer.status

    async def call(self, request: web.Request) -> web.Response:
        """Any request."""
        method = request.match_info["method"]
        try:
            result = await self._done(request.match_info["token"], method, await fields_of(request))
        except Refusal as refusal:
            # An edit that changes nothing is no fault: somebody pressed a button twice.
            if refusal.code == 400 and "not modified" not in refusal.description:
                self.refused.append(f"{method}: {refusal.description}")
            body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
            if refusal.parameters:
                body["parameters"] = refusal.parameters
            return web.json_response(body, status=refusal.code)
        return web.json_response({"ok": True, "result": result})

    async def _done(self, token: str, method: str, fields: dict[str, Any]) -> object:
        handlers: dict[str, Callable[[dict[str, Any]], Awaitable[object]]] = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "setMyCommands": self._set_my_commands,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "answerCallbackQuery": self._answer_callback_query,
        }
        if token != TOKEN:
            raise Refusal(401, "Unauthorized")
        self.calls.append(method)
        if method not in handlers:
            raise Refusal(404, "Not Found: method not found")
        if self.troubles.get(method):
            raise self.troubles[method].pop(0)
        return await handlers[method](fields)

    async def _get_me(self, _fields: dict[str, Any]) -> dict[str, Any]:
        return {"id": BOT_ID, "is_bot": True, "first_name": "PLG", "username": BOT_NAME, "can_join_groups": True}

    async def _get_updates(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook is not None:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        offset = number_in(fields, "offset")
        self.polled.append(offset)
        if offset is not None and offset > 0:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        if "allowed_updates" in fields:
            self.wanted = list(listed(fields, "allowed_updates"))
        self._poller += 1
        mine = self._poller
        self._changed.set()
        limit = number_in(fields, "limit") or 100
        try:
            async with asyncio.timeout(min(float(number_in(fields, "timeout") or 0), LONGEST_POLL_S)):
                while not self._waiting():
                    self._changed.clear()
                    await self._changed.wait()
                    if self._poller != mine:
                        raise Refusal(
                            409,
                            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                        )
        except TimeoutError:
            return self._waiting()[:limit]
        return self._waiting()[:limit]

    def _waiting(self) -> list[dict[str, Any]]:
        return [one for one in self.pending if self.wanted is None or any(kind in one for kind in self.wanted)]

    async def _set_webhook(self, fields: dict[str, Any]) -> bool:
        url, secret = text_in(fields, "url"), str(fields.get("secret_token", ""))
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname != "127.0.0.1":
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        listed(fields, "allowed_updates")
        self.webhook = {"url": url, "secret_token": secret}
        return True

    async def _delete_webhook(self, fields: dict[str, Any]) -> bool:
        if str(fields.get("drop_pending_updates", "false")).lower() == "true":
            self.pending.clear()
        self.webhook = None
        return True

    async def _set_my_commands(self, fields: dict[str, Any]) -> bool:
        commands = listed(fields, "commands")
        if not 1 <= len(commands) <= 100:
            raise Refusal(400, "Bad Request: too many commands")
        for one in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(one["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[str(fields.get("language_code", ""))] = commands
        return True

    async def _send_message(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat_id = self._chat_in(fields)
        message = Sent(chat_id, self._next(), checked_text(fields), buttons_in(fields))
        self.sent.append(message)
        return shown(message)

    async def _edit_message_text(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat_id, number = self._chat_in(fields), number_in(fields, "message_id")
        found = [one for one in self.sent if (one.chat_id, one.message_id) == (chat_id, number)]
        if not found:
            raise Refusal(400, "Bad Request: message to edit not found")
        text, buttons = checked_text(fields), buttons_in(fields)
        message = found[0]
        if (message.text, message.buttons) == (text, buttons):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as"
                " a current content and reply markup of the message",
            )
        message.text, message.buttons, message.edits = text, buttons, message.edits + 1
        return shown(message)

    async def _answer_callback_query(self, fields: dict[str, Any]) -> bool:
        self.heard.add(text_in(fields, "callback_query_id"))
        return True

    def _chat_in(self, fields: dict[str, Any]) -> int:
        chat_id = number_in(fields, "chat_id")
        person = None if chat_id is None else self.people.get(chat_id)
        if chat_id is None or (person is None and chat_id not in self.groups):
            raise Refusal(400, "Bad Request: chat not found")
        if person is not None and person.has_blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat_id

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


class _Marks(HTMLParser):
    """Reads a text as parse_mode HTML is documented."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.plain = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if tag == "a" and not dict(attrs).get("href"):
            raise Refusal(400, "Bad Request: can't parse entities: no address")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        if "<" in data or "&" in data:
            raise Refusal(400, "Bad Request: can't parse entities: a character that should be escaped")
        self.plain += data

    def handle_entityref(self, name: str) -> None:
        if name not in NAMED_ENTITIES:
            raise Refusal(400, f"Bad Request: can't parse entities: unknown entity {name}")
        self.plain += html.unescape(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.plain += html.unescape(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        raise Refusal(400, f"Bad Request: can't parse entities: a comment {data!r}")


def checked_text(fields: Mapping[str, Any]) -> str:
    """The text of a message, if Telegram would take it."""
    text = text_in(fields, "text")
    if fields.get("parse_mode") != "HTML":
        plain = text
    else:
        marks = _Marks()
        marks.feed(text)
        marks.close()
        if marks.open:
            raise Refusal(
                400,
                f"Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"{marks.open[-1]}\"",
            )
        plain = marks.plain
    if not plain.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if len(plain.encode("utf-16-le")) // 2 > MOST_TEXT:
        raise Refusal(400, "Bad Request: message is too long")
    return text


def buttons_in(fields: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """An InlineKeyboardMarkup, checked."""
    if "reply_markup" not in fields:
        return []
    markup = decoded(fields["reply_markup"])
    if not isinstance(markup, dict) or set(markup) != {"inline_keyboard"}:
        raise Refusal(400, "Bad Request: object expected as reply markup")
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) and 1 <= len(row) <= 8 for row in rows):
        raise Refusal(400, "Bad Request: field inline_keyboard must be an array of arrays")
    for button in (button for row in rows for button in row):
        if not isinstance(button.get("text"), str) or not button["text"].strip():
            raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
        kinds = {key for key in button if key != "text"}
        if len(kinds) != 1 or not kinds <= {"url", "callback_data"}:
            raise Refusal(400, "Bad Request: exactly one optional field of a button must be used")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        if "url" in button and urlsplit(button["url"]).scheme not in ("http", "https", "tg"):
            raise Refusal(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    return rows


def shown(message: Sent) -> dict[str, Any]:
    """A Message."""
    return {
        "message_id": message.message_id,
        "date": 1_790_000_000,
        "chat": {"id": message.chat_id, "type": "private", "first_name": "Ann"},
        "text": message.plain,
    }


async def fields_of(request: web.Request) -> dict[str, Any]:
    """A call's parameters: query, JSON, urlencoded or multipart ("Making requests")."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.json()
        if not isinstance(body, dict):
            raise Refusal(400, "Bad Request: object expected")
        found.update(body)
    else:
        found.update(await request.post())
    return found


def decoded(value: Any) -> Any:
    """A structure, which forms carry as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refusal(400, "Bad Request: can't parse JSON object") from None


def listed(fields: Mapping[str, Any], name: str) -> list[Any]:
    """A list."""
    value = decoded(fields.get(name, "[]"))
    if not isinstance(value, list):
        raise Refusal(400, f"Bad Request: {name} must be an array")
    return value


def number_in(fields: Mapping[str, Any], name: str) -> int | None:
    """A whole number, or None when it is not there."""
    if name not in fields:
        return None
    try:
        return int(str(fields[name]))
    except ValueError:
        raise Refusal(400, f"Bad Request: {name} must be a number") from None


def text_in(fields: Mapping[str, Any], name: str) -> str:
    """A text that must be there."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"Bad Request: {name} is empty")
    return value


@asynccontextmanager
async def fake_telegram() -> AsyncIterator[FakeTelegram]:
    """Telegram on a port that the system chooses, until the block ends."""
    fake = FakeTelegram()
    runner = web.AppRunner(fake.app(), handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield fake
    finally:
        await runner.cleanup()
