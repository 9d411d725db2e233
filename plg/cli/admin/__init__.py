"""`plg admin`: what operators do, over the admin API."""
