"""What the product promises in microseconds, packets and megabytes, measured on this machine: see README.md."""
