"""Checks of this machine and its network, each with a verdict, numbers and a code: what `plg doctor` is made of.

Only plg.cli and plg_tui import it. It changes nothing on the machine, and speaks no language: findings carry codes and facts, and
plg.cli puts them into words.
"""
