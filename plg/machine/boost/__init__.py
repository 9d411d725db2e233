"""Few reversible changes that may help a game on this computer: planned, shown, made, checked and put back.

plg.cli and plg_tui import it. It changes nothing without writing down first what undoes the change, and it opens no network.
"""
