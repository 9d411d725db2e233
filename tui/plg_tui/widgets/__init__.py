"""What the screens are made of. Widgets show plain values; none asks the tunnel or the server."""
