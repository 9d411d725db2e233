"""Every subject of operators' pages. Fixed addresses stand before those with a name in them."""

from plg_server.pages.admin import (
    node_acts,
    nodes,
    overview,
    payments,
    sessions,
    subscriptions,
    user_acts,
    users,
)

SUBJECTS = (overview, nodes, node_acts, users, user_acts, sessions, subscriptions, payments)
