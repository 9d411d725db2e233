"""The Telegram bot (`plg bot run`): a process of its own over the server's database and store. The only home of aiogram."""
