"""What several tests share: stands, fakes and what the machine must have. No tests here."""
