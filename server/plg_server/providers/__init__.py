"""Payment providers: each speaks one company's protocol and tells the ledger facts. None of them credits anything."""
