"""What a browser is called in the list of devices: "Firefox on Windows". Only names that we know, so nothing foreign gets in."""

from aiohttp import hdrs, web

READ_CHARS = 400
"""Of the User-Agent header: the names stand in its first half."""

# In this order: Edge and Opera say Chrome too, and Chrome says Safari.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(request: web.Request) -> str:
    """By the User-Agent header."""
    agent = request.headers.get(hdrs.USER_AGENT, "")[:READ_CHARS]
    browser = next((name for mark, name in BROWSERS if mark in agent), "Browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser
