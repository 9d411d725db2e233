"""The rules: what may happen, to whom, in which order. No aiohttp here; refusals are `ApiError`."""
