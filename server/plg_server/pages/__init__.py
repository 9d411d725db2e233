"""The web: pages for people, made on the server.

`page.py` says what a page is, `serving.py` what happens around each one, `rendering.py` makes the HTML. Pages lie in `public/`, `account/`
and `admin/`, call the same services as the API's handlers, and hold no rule of their own. Nothing here is imported by services or models.
"""
