"""The ledger (存证日志): an append-only Merkle log of what happened to evidence, with proofs that anyone can check."""
