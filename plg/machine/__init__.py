"""This computer apart from packets: games that run, Steam libraries, launching, and what is changed in the system and put back.

plg.capture, plg.tunnel, plg.doctor, plg.cli and plg_tui may import it; it imports plg.contract only. It never opens a tunnel, never
talks to the server and never writes to a terminal.
"""
